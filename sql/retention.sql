-- Retention inside MySQL or MariaDB, without cron: an hourly event creates the coming week's day partitions and empties
-- those whose rows have all expired. `flowimport retention install` runs exactly this file. To run it by hand, after
-- schema.sql and grants.sql, use an account that may create routines and events with another account as their definer:
--   mariadb flows <retention.sql
-- Nothing is dropped until flowimport_retention sets how long the buckets of a size are kept, in seconds after their
-- start:
--   INSERT INTO flowimport_retention (bucket_size, keep_seconds) VALUES (600, 30 * 86400);
-- The all-time tables and the ledger are kept for ever, loss as long as the size that is kept longest. The event
-- scheduler must be on, also after a restart:
--   event_scheduler = ON      under [mysqld] in the server's configuration

DELIMITER //

-- Writes a line of the log. `error`: NULL on success.
DROP PROCEDURE IF EXISTS flowimport_retention_note//
CREATE DEFINER = 'flowimport_retention'@'localhost' PROCEDURE flowimport_retention_note
  (IN p_at BIGINT, IN p_what VARCHAR(16), IN p_object VARCHAR(64), IN p_rows BIGINT UNSIGNED,
   IN p_bytes BIGINT UNSIGNED, IN p_error VARCHAR(1024))
  MODIFIES SQL DATA
BEGIN
  DECLARE v_number INT UNSIGNED;
  SELECT COALESCE(MAX(number), 0) + 1 INTO v_number FROM flowimport_retention_log WHERE run_at = p_at;
  INSERT INTO flowimport_retention_log (run_at, number, what, object, n_rows, bytes, error)
    VALUES (p_at, v_number, p_what, p_object, p_rows, p_bytes, p_error);
END//

-- One ALTER TABLE. It waits for the table's readers and writers, and later ones wait behind it. So it gives up after
-- five seconds, three times, and the next run tries again.
DROP PROCEDURE IF EXISTS flowimport_retention_alter//
CREATE DEFINER = 'flowimport_retention'@'localhost' PROCEDURE flowimport_retention_alter
  (IN p_at BIGINT, IN p_table VARCHAR(64), IN p_change LONGTEXT, OUT p_done INT)
  MODIFIES SQL DATA
BEGIN
  DECLARE v_tries INT DEFAULT 0;
  DECLARE v_code INT DEFAULT 0;
  DECLARE v_text TEXT;
  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION GET DIAGNOSTICS CONDITION 1 v_code = MYSQL_ERRNO, v_text = MESSAGE_TEXT;
  SET @flowimport_sql = CONCAT('ALTER TABLE ', p_table, ' ', p_change);
  PREPARE flowimport_statement FROM @flowimport_sql;
  IF v_code = 0 THEN
    REPEAT
      SET v_code = 0, v_tries = v_tries + 1;
      EXECUTE flowimport_statement;
    UNTIL v_code <> 1205 OR v_tries = 3 END REPEAT;
    DEALLOCATE PREPARE flowimport_statement;
  END IF;
  SET p_done = v_code = 0;
  IF v_code <> 0 THEN
    CALL flowimport_retention_note(p_at, 'error', p_table, 0, 0,
                                   LEFT(CONCAT(v_text, ' (error ', v_code, '): ALTER TABLE ', p_table, ' ', p_change),
                                        1024));
  END IF;
END//

-- Deletes the rows of buckets before `p_cutoff` that are in a common partition with later days, 10,000 at a time. A
-- failure leaves the rest to the next run.
DROP PROCEDURE IF EXISTS flowimport_retention_delete//
CREATE DEFINER = 'flowimport_retention'@'localhost' PROCEDURE flowimport_retention_delete
  (IN p_at BIGINT, IN p_table VARCHAR(64), IN p_cutoff BIGINT)
  MODIFIES SQL DATA
BEGIN
  DECLARE v_n, v_rows BIGINT DEFAULT 0;
  DECLARE v_code INT DEFAULT 0;
  DECLARE v_text TEXT;
  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION GET DIAGNOSTICS CONDITION 1 v_code = MYSQL_ERRNO, v_text = MESSAGE_TEXT;
  SET @flowimport_sql = CONCAT('DELETE FROM ', p_table, ' WHERE bucket < ', p_cutoff, ' ORDER BY bucket LIMIT 10000');
  PREPARE flowimport_statement FROM @flowimport_sql;
  IF v_code = 0 THEN
    REPEAT
      EXECUTE flowimport_statement;
      SET v_n = ROW_COUNT();
      IF v_code = 0 THEN
        SET v_rows = v_rows + v_n;
      END IF;
    UNTIL v_code <> 0 OR v_n < 10000 END REPEAT;
    DEALLOCATE PREPARE flowimport_statement;
  END IF;
  IF v_rows > 0 THEN
    CALL flowimport_retention_note(p_at, 'drop', p_table, v_rows, 0, NULL);
  END IF;
  IF v_code <> 0 THEN
    CALL flowimport_retention_note(p_at, 'error', p_table, 0, 0,
                                   LEFT(CONCAT(v_text, ' (error ', v_code, '): ', @flowimport_sql), 1024));
  END IF;
END//

-- Creates partitions for the days up to a week ahead. The importer creates missing partitions itself, so this only saves
-- it the time, and leaves a table alone that has nearly all of the 8,192 partitions that the server allows. A partition
-- between two days is common to those between; its name is gap and the day before which it ends.
DROP PROCEDURE IF EXISTS flowimport_retention_ahead//
CREATE DEFINER = 'flowimport_retention'@'localhost' PROCEDURE flowimport_retention_ahead
  (IN p_at BIGINT, IN p_table VARCHAR(64))
  MODIFIES SQL DATA
BEGIN
  DECLARE v_end, v_open, v_n, v_day, v_today BIGINT;
  DECLARE v_pieces LONGTEXT DEFAULT '';
  DECLARE v_done INT;
  SELECT MAX(CAST(partition_description AS UNSIGNED)), SUM(partition_description = 'MAXVALUE'), COUNT(*)
    INTO v_end, v_open, v_n
    FROM information_schema.partitions WHERE table_schema = DATABASE() AND table_name = p_table;
  SET v_today = p_at DIV 86400, v_day = v_end DIV 86400;
  IF v_open = 0 AND v_end MOD 86400 = 0 AND v_day <= v_today + 7 AND v_n + 9 < 8192 THEN
    IF v_day < v_today THEN
      SET v_day = v_today;
      SET v_pieces = CONCAT('PARTITION ', DATE_FORMAT(DATE_ADD('1970-01-01', INTERVAL v_day DAY), 'gap%Y%m%d'),
                            ' VALUES LESS THAN (', v_day * 86400, '), ');
    END IF;
    WHILE v_day <= v_today + 7 DO
      SET v_pieces = CONCAT(v_pieces, 'PARTITION ', DATE_FORMAT(DATE_ADD('1970-01-01', INTERVAL v_day DAY), 'd%Y%m%d'),
                            ' VALUES LESS THAN (', (v_day + 1) * 86400, '), ');
      SET v_day = v_day + 1;
    END WHILE;
    CALL flowimport_retention_alter(p_at, p_table, CONCAT('ADD PARTITION (', TRIM(TRAILING ', ' FROM v_pieces), ')'),
                                    v_done);
  END IF;
END//

-- Drops the partitions of one table that end at `p_cutoff` or before, but the last of them: this one, which then covers
-- their days too, is emptied. If it was dropped as well, all these days would belong to the next partition, and a late
-- flow for one of them would have to split a full one. Nothing is reorganized: each partition of it would be a new file.
-- Rows of expired days that share a common partition with later ones are deleted.
DROP PROCEDURE IF EXISTS flowimport_retention_expire//
CREATE DEFINER = 'flowimport_retention'@'localhost' PROCEDURE flowimport_retention_expire
  (IN p_at BIGINT, IN p_table VARCHAR(64), IN p_cutoff BIGINT)
  MODIFIES SQL DATA
BEGIN
  DECLARE v_names LONGTEXT;
  DECLARE v_last VARCHAR(64);
  DECLARE v_n, v_rows, v_bytes BIGINT;
  DECLARE v_done INT DEFAULT 1;
  SELECT GROUP_CONCAT(partition_name ORDER BY partition_ordinal_position), COUNT(*), SUM(table_rows),
         SUM(data_length + index_length)
    INTO v_names, v_n, v_rows, v_bytes
    FROM information_schema.partitions
    WHERE table_schema = DATABASE() AND table_name = p_table AND partition_description <> 'MAXVALUE'
      AND CAST(partition_description AS UNSIGNED) <= p_cutoff;
  IF v_n > 0 THEN
    SET v_last = SUBSTRING_INDEX(v_names, ',', -1);
    IF v_n > 1 THEN
      CALL flowimport_retention_alter(
        p_at, p_table,
        CONCAT('DROP PARTITION ', LEFT(v_names, CHAR_LENGTH(v_names) - CHAR_LENGTH(v_last) - 1)), v_done);
    END IF;
    SET @flowimport_full = 0; -- what an earlier run has left is so only if late flows came
    IF v_done THEN
      SET @flowimport_sql = CONCAT('SELECT EXISTS (SELECT 1 FROM ', p_table, ' PARTITION (', v_last,
                                   ')) INTO @flowimport_full');
      PREPARE flowimport_statement FROM @flowimport_sql;
      EXECUTE flowimport_statement;
      DEALLOCATE PREPARE flowimport_statement;
    END IF;
    IF v_done AND @flowimport_full THEN
      CALL flowimport_retention_alter(p_at, p_table, CONCAT('TRUNCATE PARTITION ', v_last), v_done);
    END IF;
    IF v_done AND (v_n > 1 OR @flowimport_full) THEN
      CALL flowimport_retention_note(p_at, 'drop', p_table, v_rows, v_bytes, NULL);
    END IF;
  END IF;
  IF v_done THEN
    SET @flowimport_sql = CONCAT('SELECT EXISTS (SELECT 1 FROM ', p_table, ' WHERE bucket < ', p_cutoff,
                                 ') INTO @flowimport_full');
    PREPARE flowimport_statement FROM @flowimport_sql;
    EXECUTE flowimport_statement;
    DEALLOCATE PREPARE flowimport_statement;
    IF @flowimport_full THEN
      CALL flowimport_retention_delete(p_at, p_table, p_cutoff);
    END IF;
  END IF;
END//

-- The tables of one bucket size, roll-ups among them, or with 0 of all: first records that buckets before the cutoff are
-- incomplete, for the audit and for queries that choose the size to read.
DROP PROCEDURE IF EXISTS flowimport_retention_size//
CREATE DEFINER = 'flowimport_retention'@'localhost' PROCEDURE flowimport_retention_size
  (IN p_at BIGINT, IN p_size BIGINT, IN p_cutoff BIGINT)
  MODIFIES SQL DATA
BEGIN
  DECLARE v_table VARCHAR(64);
  DECLARE v_size, v_end INT DEFAULT 0;
  DECLARE v_tables CURSOR FOR
    SELECT table_name, SUBSTRING_INDEX(SUBSTRING_INDEX(table_name, '_', -2), '_', 1) AS size
      FROM information_schema.tables
      WHERE table_schema = DATABASE()
        AND table_name REGEXP '^(flows6?|flows_aggr|index_nodes6?|index_ports|rollup6?_[a-zA-Z0-9_]+)_[0-9]+_data$'
      HAVING p_size = 0 OR size = p_size
      ORDER BY table_name;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET v_end = 1;
  OPEN v_tables;
  tables: LOOP
    FETCH v_tables INTO v_table, v_size;
    IF v_end THEN LEAVE tables; END IF;
    IF p_cutoff > 0 THEN
      INSERT INTO flowimport_schema (name, value) VALUES (CONCAT('size_', v_size, '_expired'), p_cutoff)
        ON DUPLICATE KEY UPDATE value = GREATEST(CAST(value AS UNSIGNED), p_cutoff);
      CALL flowimport_retention_expire(p_at, v_table, p_cutoff);
    ELSE
      CALL flowimport_retention_ahead(p_at, v_table);
    END IF;
    SET v_end = 0;
  END LOOP;
  CLOSE v_tables;
END//

-- Has the server measure the partitions from the first day on that was written to since the last run. By itself it
-- measures one of them in ten seconds, and MySQL forgets to where partitions are added meanwhile: after the import of
-- last year's files it would tell the size of before. Where the definer lacks INSERT, the sizes told are taken.
DROP PROCEDURE IF EXISTS flowimport_retention_measure//
CREATE DEFINER = 'flowimport_retention'@'localhost' PROCEDURE flowimport_retention_measure
  (IN p_at BIGINT)
  MODIFIES SQL DATA
BEGIN
  DECLARE v_table VARCHAR(64);
  DECLARE v_names LONGTEXT;
  DECLARE v_end INT DEFAULT 0;
  DECLARE v_first BIGINT;
  DECLARE v_tables CURSOR FOR
    SELECT table_name, GROUP_CONCAT(partition_name ORDER BY partition_ordinal_position)
      FROM information_schema.partitions
      WHERE table_schema = DATABASE()
        AND table_name REGEXP '^(flows6?|flows_aggr|index_nodes6?|index_ports|rollup6?_[a-zA-Z0-9_]+)_[0-9]+_data$'
        AND (partition_description = 'MAXVALUE' OR CAST(partition_description AS UNSIGNED) > v_first)
      GROUP BY table_name;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET v_end = 1;
  SET SESSION group_concat_max_len = 4194304;
  -- An hour more, for generations that were being written.
  SELECT MIN(first_bucket) INTO v_first FROM import_ledger
    WHERE imported > 0 AND committed_at >= COALESCE(
      (SELECT MAX(run_at) FROM flowimport_retention_log WHERE what = 'run' AND run_at < p_at), 0) - 3600;
  OPEN v_tables;
  tables: LOOP
    FETCH v_tables INTO v_table, v_names;
    IF v_end THEN LEAVE tables; END IF;
    BEGIN
      DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END;
      SET @flowimport_sql = CONCAT('ALTER TABLE ', v_table, ' ANALYZE PARTITION ', v_names);
      PREPARE flowimport_statement FROM @flowimport_sql;
      EXECUTE flowimport_statement;
      DEALLOCATE PREPARE flowimport_statement;
    END;
    SET v_end = 0;
  END LOOP;
  CLOSE v_tables;
END//

-- Where the tables are larger than max_size: drops as many of the oldest days, or common partitions, of all sizes as it
-- takes, but never today.
DROP PROCEDURE IF EXISTS flowimport_retention_cap//
CREATE DEFINER = 'flowimport_retention'@'localhost' PROCEDURE flowimport_retention_cap
  (IN p_at BIGINT, IN p_max BIGINT UNSIGNED)
  MODIFIES SQL DATA
BEGIN
  DECLARE v_used, v_freed DECIMAL(30, 0) DEFAULT 0;
  DECLARE v_oldest, v_last BIGINT DEFAULT 0;
  DECLARE v_size, v_end INT DEFAULT 0;
  DECLARE v_days CURSOR FOR
    SELECT CAST(partition_description AS UNSIGNED) AS oldest, SUM(data_length + index_length)
      FROM information_schema.partitions
      WHERE table_schema = DATABASE() AND table_name REGEXP '_data$' AND (partition_name LIKE 'd%' OR table_rows > 0)
        AND partition_description <> 'MAXVALUE'
        AND CAST(partition_description AS UNSIGNED) <= p_at - p_at MOD 86400
      GROUP BY oldest HAVING SUM(table_name REGEXP '^(flows_aggr|rollup)_') > 0 ORDER BY oldest;
  DECLARE v_sizes CURSOR FOR
    SELECT SUBSTRING_INDEX(SUBSTRING_INDEX(table_name, '_', -2), '_', 1) AS size,
           MAX(CAST(partition_description AS UNSIGNED))
      FROM information_schema.partitions
      WHERE table_schema = DATABASE() AND table_name REGEXP '^(flows_aggr|rollup_[a-zA-Z0-9_]+)_[0-9]+_data$'
        AND (partition_name LIKE 'd%' OR table_rows > 0) AND partition_description <> 'MAXVALUE'
        AND CAST(partition_description AS UNSIGNED) <= v_last
      GROUP BY size;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET v_end = 1;
  CALL flowimport_retention_measure(p_at);
  SELECT SUM(data_length + index_length) INTO v_used FROM information_schema.tables
    WHERE table_schema = DATABASE() AND (table_name REGEXP '_data$' OR table_name = 'import_ledger');
  OPEN v_days;
  days: LOOP
    IF v_used <= p_max THEN LEAVE days; END IF;
    FETCH v_days INTO v_oldest, v_freed;
    IF v_end THEN
      CALL flowimport_retention_note(p_at, 'error', 'max_size', 0, v_used,
                                     CONCAT('the tables take ', v_used, ' bytes of ', p_max, ', and no full ',
                                            'day is left to drop: raise max_size, or use larger bucket sizes'));
      LEAVE days;
    END IF;
    SET v_used = v_used - v_freed, v_last = v_oldest;
  END LOOP;
  CLOSE v_days;
  SET v_end = 0;
  OPEN v_sizes;
  sizes: LOOP
    FETCH v_sizes INTO v_size, v_oldest;
    IF v_end THEN LEAVE sizes; END IF;
    CALL flowimport_retention_size(p_at, v_size, v_oldest);
    SET v_end = 0;
  END LOOP;
  CLOSE v_sizes;
END//

-- Keeps known losses as long as the size that is kept longest.
DROP PROCEDURE IF EXISTS flowimport_retention_loss//
CREATE DEFINER = 'flowimport_retention'@'localhost' PROCEDURE flowimport_retention_loss ()
  MODIFIES SQL DATA
BEGIN
  DECLARE v_sizes, v_expired INT;
  DECLARE v_cutoff BIGINT;
  SELECT COUNT(DISTINCT SUBSTRING_INDEX(SUBSTRING_INDEX(table_name, '_', -2), '_', 1)) INTO v_sizes
    FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_name REGEXP '^(flows_aggr|rollup_[a-zA-Z0-9_]+)_[0-9]+_data$';
  SELECT COUNT(*), MIN(CAST(value AS UNSIGNED)) INTO v_expired, v_cutoff FROM flowimport_schema
    WHERE name REGEXP '^size_[0-9]+_expired$';
  IF v_expired = v_sizes THEN
    DELETE FROM loss WHERE bucket < v_cutoff;
  END IF;
END//

-- One run, as if it were `p_at`, in seconds since 1970.
DROP PROCEDURE IF EXISTS flowimport_retention_run//
CREATE DEFINER = 'flowimport_retention'@'localhost' PROCEDURE flowimport_retention_run
  (IN p_at BIGINT)
  MODIFIES SQL DATA
BEGIN
  DECLARE v_lock VARCHAR(64) DEFAULT LEFT(CONCAT('flowimport.', DATABASE()), 64);
  DECLARE v_size, v_end INT DEFAULT 0;
  DECLARE v_keep BIGINT;
  DECLARE v_max BIGINT UNSIGNED DEFAULT 0;
  DECLARE v_number, v_errors INT;
  DECLARE v_code INT;
  DECLARE v_text TEXT;
  DECLARE v_rules CURSOR FOR SELECT bucket_size, keep_seconds FROM flowimport_retention ORDER BY bucket_size;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET v_end = 1;
  DECLARE EXIT HANDLER FOR SQLEXCEPTION
  BEGIN
    GET DIAGNOSTICS CONDITION 1 v_code = MYSQL_ERRNO, v_text = MESSAGE_TEXT;
    DO RELEASE_LOCK(v_lock);
    CALL flowimport_retention_note(p_at, 'error', 'run', 0, 0, LEFT(CONCAT(v_text, ' (error ', v_code, ')'), 1024));
    RESIGNAL;
  END;
  IF GET_LOCK(v_lock, 0) THEN
    SET SESSION lock_wait_timeout = 5, SESSION group_concat_max_len = 4194304;
    BEGIN -- sizes as they are, not as of yesterday; MariaDB, which has no such variable, always tells them so
      DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END;
      SET @flowimport_sql = 'SET SESSION information_schema_stats_expiry = 0';
      PREPARE flowimport_statement FROM @flowimport_sql;
      EXECUTE flowimport_statement;
      DEALLOCATE PREPARE flowimport_statement;
    END;
    CALL flowimport_retention_note(p_at, 'run', 'run', 0, 0, 'it was broken off');
    SELECT MAX(number) INTO v_number FROM flowimport_retention_log WHERE run_at = p_at;
    CALL flowimport_retention_size(p_at, 0, 0);
    OPEN v_rules;
    rules: LOOP
      FETCH v_rules INTO v_size, v_keep;
      IF v_end THEN LEAVE rules; END IF;
      IF p_at - v_keep >= 86400 THEN
        CALL flowimport_retention_size(p_at, v_size, p_at - v_keep - (p_at - v_keep) MOD 86400);
      END IF;
      SET v_end = 0;
    END LOOP;
    CLOSE v_rules;
    SELECT value INTO v_max FROM flowimport_schema WHERE name = 'max_size';
    IF v_max > 0 THEN
      CALL flowimport_retention_cap(p_at, v_max);
    END IF;
    DELETE FROM flowimport_retention_log WHERE run_at < p_at - 90 * 86400;
    CALL flowimport_retention_loss();
    SELECT COUNT(*) INTO v_errors FROM flowimport_retention_log
      WHERE run_at = p_at AND number > v_number AND what = 'error';
    UPDATE flowimport_retention_log
      SET error = IF(v_errors > 0, CONCAT(v_errors, ' of its steps failed'), NULL)
      WHERE run_at = p_at AND number = v_number;
    DO RELEASE_LOCK(v_lock);
  END IF;
END//

CREATE DEFINER = 'flowimport_retention'@'localhost' EVENT IF NOT EXISTS flowimport_retention
  ON SCHEDULE EVERY 1 HOUR
  ON COMPLETION PRESERVE
  COMMENT 'makes and empties the partitions of flowimport''s tables'
  DO CALL flowimport_retention_run(UNIX_TIMESTAMP())//

DELIMITER ;
