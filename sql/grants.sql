-- The accounts of a MySQL or MariaDB server, each with what it needs and no more; after schema.sql, before retention.sql.
-- None can log in until it gets a password, on the importer's and the reader's host instead of localhost:
--   ALTER USER 'flowimport'@'localhost' IDENTIFIED BY '...' ACCOUNT UNLOCK;

-- writes rows, and makes the partition of a day that has none
CREATE USER IF NOT EXISTS 'flowimport'@'localhost' ACCOUNT LOCK;
GRANT SELECT, INSERT, UPDATE, ALTER ON `flows`.* TO 'flowimport'@'localhost';

-- the definer of the event: empties and makes partitions, keeps the log; it never logs in
CREATE USER IF NOT EXISTS 'flowimport_retention'@'localhost' ACCOUNT LOCK;
GRANT EVENT, EXECUTE ON `flows`.* TO 'flowimport_retention'@'localhost';
GRANT SELECT ON `flows`.flowimport_retention TO 'flowimport_retention'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON `flows`.flowimport_retention_log TO 'flowimport_retention'@'localhost';
GRANT SELECT, INSERT, UPDATE ON `flows`.flowimport_schema TO 'flowimport_retention'@'localhost';
GRANT SELECT, DELETE ON `flows`.loss TO 'flowimport_retention'@'localhost';
GRANT SELECT ON `flows`.import_ledger TO 'flowimport_retention'@'localhost';
GRANT SELECT, ALTER, DROP ON `flows`.flows_600_data TO 'flowimport_retention'@'localhost';
GRANT SELECT, ALTER, DROP ON `flows`.flows6_600_data TO 'flowimport_retention'@'localhost';
GRANT SELECT, ALTER, DROP ON `flows`.index_nodes_600_data TO 'flowimport_retention'@'localhost';
GRANT SELECT, ALTER, DROP ON `flows`.index_nodes6_600_data TO 'flowimport_retention'@'localhost';
GRANT SELECT, ALTER, DROP ON `flows`.index_ports_600_data TO 'flowimport_retention'@'localhost';
GRANT SELECT, ALTER, DROP ON `flows`.flows_aggr_600_data TO 'flowimport_retention'@'localhost';
GRANT SELECT ON `flows`.index_nodes_data TO 'flowimport_retention'@'localhost';
GRANT SELECT ON `flows`.index_nodes6_data TO 'flowimport_retention'@'localhost';
GRANT SELECT ON `flows`.index_ports_data TO 'flowimport_retention'@'localhost';

-- reads: status, verify, top
CREATE USER IF NOT EXISTS 'flowimport_reader'@'localhost' ACCOUNT LOCK;
GRANT SELECT ON `flows`.* TO 'flowimport_reader'@'localhost';
