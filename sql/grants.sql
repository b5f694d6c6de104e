-- The accounts of a MySQL or MariaDB server with the privileges they require; run after schema.sql, before retention.sql.
-- Set a password before the first login; replace localhost by the importer's and the reader's host:
--   ALTER USER 'flowimport'@'localhost' IDENTIFIED BY '...' ACCOUNT UNLOCK;

-- writes rows, and creates missing day partitions
CREATE USER IF NOT EXISTS 'flowimport'@'localhost' ACCOUNT LOCK;
GRANT SELECT, INSERT, UPDATE, ALTER ON `flows`.* TO 'flowimport'@'localhost';

-- the definer of the event: empties and creates partitions, writes the log; never logs in
CREATE USER IF NOT EXISTS 'flowimport_retention'@'localhost' ACCOUNT LOCK;
GRANT EVENT, EXECUTE ON `flows`.* TO 'flowimport_retention'@'localhost';
GRANT SELECT ON `flows`.flowimport_retention TO 'flowimport_retention'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON `flows`.flowimport_retention_log TO 'flowimport_retention'@'localhost';
GRANT SELECT, INSERT, UPDATE ON `flows`.flowimport_schema TO 'flowimport_retention'@'localhost';
GRANT SELECT, DELETE ON `flows`.loss TO 'flowimport_retention'@'localhost';
GRANT SELECT ON `flows`.import_ledger TO 'flowimport_retention'@'localhost';
GRANT SELECT, INSERT, DELETE, ALTER, DROP ON `flows`.flows_600_data TO 'flowimport_retention'@'localhost';
GRANT SELECT, INSERT, DELETE, ALTER, DROP ON `flows`.flows6_600_data TO 'flowimport_retention'@'localhost';
GRANT SELECT, INSERT, DELETE, ALTER, DROP ON `flows`.index_nodes_600_data TO 'flowimport_retention'@'localhost';
GRANT SELECT, INSERT, DELETE, ALTER, DROP ON `flows`.index_nodes6_600_data TO 'flowimport_retention'@'localhost';
GRANT SELECT, INSERT, DELETE, ALTER, DROP ON `flows`.index_ports_600_data TO 'flowimport_retention'@'localhost';
GRANT SELECT, INSERT, DELETE, ALTER, DROP ON `flows`.flows_aggr_600_data TO 'flowimport_retention'@'localhost';
GRANT SELECT ON `flows`.index_nodes_data TO 'flowimport_retention'@'localhost';
GRANT SELECT ON `flows`.index_nodes6_data TO 'flowimport_retention'@'localhost';
GRANT SELECT ON `flows`.index_ports_data TO 'flowimport_retention'@'localhost';

-- reads: status, verify, top
CREATE USER IF NOT EXISTS 'flowimport_reader'@'localhost' ACCOUNT LOCK;
GRANT SELECT ON `flows`.* TO 'flowimport_reader'@'localhost';
