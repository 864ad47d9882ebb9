-- What Django's models cannot say, for SQLite. Statements end with a line of two semicolons.
-- A migration that rebuilds the table certificate or finding must run this file again: SQLite drops its triggers.

-- Names of certificates by their trigrams, with their positions: a part of a name is a phrase of them.
-- Each name is a line, so that no part spans two of them.
CREATE VIRTUAL TABLE IF NOT EXISTS certificate_search USING fts5(text, content='', tokenize='trigram')
;;
CREATE TRIGGER IF NOT EXISTS certificate_named AFTER INSERT ON certificate WHEN new.is_leaf BEGIN
  INSERT INTO certificate_search (rowid, text) VALUES (new.id, replace(new.names, ' ', char(10)) || char(10) || new.common_name);
END
;;
CREATE TRIGGER IF NOT EXISTS certificate_added AFTER INSERT ON certificate WHEN new.is_leaf BEGIN
  INSERT INTO rollup (day, account, state, count)
    VALUES (substr(new.not_after, 1, 10), coalesce(new.account_id, 0), new.state, 1)
    ON CONFLICT (day, account, state) DO UPDATE SET count = count + 1;
END
;;
CREATE TRIGGER IF NOT EXISTS certificate_removed AFTER DELETE ON certificate WHEN old.is_leaf BEGIN
  INSERT INTO certificate_search (certificate_search, rowid, text)
    SELECT 'delete', old.id, replace(old.names, ' ', char(10)) || char(10) || old.common_name
    WHERE EXISTS (SELECT 1 FROM certificate_search_docsize WHERE id = old.id);
  UPDATE rollup SET count = count - 1
    WHERE day = substr(old.not_after, 1, 10) AND account = coalesce(old.account_id, 0) AND state = old.state;
END
;;
CREATE TRIGGER IF NOT EXISTS certificate_moved AFTER UPDATE OF state, account_id, is_leaf ON certificate
WHEN old.state <> new.state OR old.account_id IS NOT new.account_id OR old.is_leaf <> new.is_leaf BEGIN
  UPDATE rollup SET count = count - 1
    WHERE old.is_leaf
      AND day = substr(old.not_after, 1, 10) AND account = coalesce(old.account_id, 0) AND state = old.state;
  INSERT INTO rollup (day, account, state, count)
    SELECT substr(new.not_after, 1, 10), coalesce(new.account_id, 0), new.state, 1 WHERE new.is_leaf
    ON CONFLICT (day, account, state) DO UPDATE SET count = count + 1;
END
;;
CREATE TRIGGER IF NOT EXISTS certificate_promoted AFTER UPDATE OF is_leaf ON certificate
WHEN new.is_leaf AND NOT old.is_leaf BEGIN
  INSERT INTO certificate_search (rowid, text) SELECT new.id, replace(new.names, ' ', char(10)) || char(10) || new.common_name
    WHERE NOT EXISTS (SELECT 1 FROM certificate_search_docsize WHERE id = new.id);
END
;;
CREATE TRIGGER IF NOT EXISTS certificate_demoted AFTER UPDATE OF is_leaf ON certificate
WHEN old.is_leaf AND NOT new.is_leaf BEGIN
  INSERT INTO certificate_search (certificate_search, rowid, text)
    SELECT 'delete', old.id, replace(old.names, ' ', char(10)) || char(10) || old.common_name
    WHERE EXISTS (SELECT 1 FROM certificate_search_docsize WHERE id = old.id);
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
