-- What Django's models cannot say, for SQLite. Statements end with a line of two semicolons.
-- A migration that rebuilds the table certificate or finding must run this file again: SQLite drops its triggers.

-- Names of certificates by their trigrams: LIKE decides, this only says where to look (so no positions are kept).
CREATE VIRTUAL TABLE IF NOT EXISTS certificate_search USING fts5(text, content='', tokenize='trigram', detail='none')
;;
CREATE TRIGGER IF NOT EXISTS certificate_added AFTER INSERT ON certificate WHEN new.is_leaf BEGIN
  INSERT INTO certificate_search (rowid, text) VALUES (new.id, new.names || ' ' || new.common_name);
  INSERT INTO rollup (day, account, state, count)
    VALUES (substr(new.not_after, 1, 10), coalesce(new.account_id, 0), new.state, 1)
    ON CONFLICT (day, account, state) DO UPDATE SET count = count + 1;
END
;;
CREATE TRIGGER IF NOT EXISTS certificate_removed AFTER DELETE ON certificate WHEN old.is_leaf BEGIN
  INSERT INTO certificate_search (certificate_search, rowid, text)
    VALUES ('delete', old.id, old.names || ' ' || old.common_name);
  UPDATE rollup SET count = count - 1
    WHERE day = substr(old.not_after, 1, 10) AND account = coalesce(old.account_id, 0) AND state = old.state;
END
;;
CREATE TRIGGER IF NOT EXISTS certificate_moved AFTER UPDATE OF state, account_id ON certificate
WHEN old.is_leaf AND new.is_leaf AND (old.state <> new.state OR old.account_id IS NOT new.account_id) BEGIN
  UPDATE rollup SET count = count - 1
    WHERE day = substr(old.not_after, 1, 10) AND account = coalesce(old.account_id, 0) AND state = old.state;
  INSERT INTO rollup (day, account, state, count)
    VALUES (substr(new.not_after, 1, 10), coalesce(new.account_id, 0), new.state, 1)
    ON CONFLICT (day, account, state) DO UPDATE SET count = count + 1;
END
;;
CREATE TRIGGER IF NOT EXISTS certificate_promoted AFTER UPDATE OF is_leaf ON certificate
WHEN new.is_leaf AND NOT old.is_leaf BEGIN
  INSERT INTO certificate_search (rowid, text) VALUES (new.id, new.names || ' ' || new.common_name);
  INSERT INTO rollup (day, account, state, count)
    VALUES (substr(new.not_after, 1, 10), coalesce(new.account_id, 0), new.state, 1)
    ON CONFLICT (day, account, state) DO UPDATE SET count = count + 1;
END
;;
CREATE TRIGGER IF NOT EXISTS finding_added AFTER INSERT ON finding BEGIN
  INSERT INTO finding_count (rule, count) VALUES (new.rule, 1) ON CONFLICT (rule) DO UPDATE SET count = count + 1;
END
;;
CREATE TRIGGER IF NOT EXISTS finding_removed AFTER DELETE ON finding BEGIN
  UPDATE finding_count SET count = count - 1 WHERE rule = old.rule;
END
;;
