-- What Django's models cannot say, for PostgreSQL. Statements end with a line of two semicolons.
-- Triggers are per statement: a load of thousands of rows counts them once.

CREATE EXTENSION IF NOT EXISTS pg_trgm
;;
CREATE INDEX IF NOT EXISTS certificate_search ON certificate
  USING gin (lower(replace(names, ' ', chr(10)) || chr(10) || common_name) gin_trgm_ops)
;;
CREATE OR REPLACE FUNCTION count_certificates_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO rollup AS r (day, account, state, count)
    SELECT (not_after AT TIME ZONE 'UTC')::date, coalesce(account_id, 0), state, count(*) FROM fresh WHERE is_leaf
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (day, account, state) DO UPDATE SET count = r.count + excluded.count;
  RETURN NULL;
END $$
;;
CREATE OR REPLACE FUNCTION count_certificates_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE rollup AS r SET count = r.count - gone.count FROM (
    SELECT (not_after AT TIME ZONE 'UTC')::date AS day, coalesce(account_id, 0) AS account, state, count(*) AS count
    FROM stale WHERE is_leaf GROUP BY 1, 2, 3
  ) AS gone WHERE r.day = gone.day AND r.account = gone.account AND r.state = gone.state;
  RETURN NULL;
END $$
;;
CREATE OR REPLACE FUNCTION count_certificates_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO rollup AS r (day, account, state, count)
    SELECT day, account, state, sum(change) FROM (
      SELECT (n.not_after AT TIME ZONE 'UTC')::date AS day, coalesce(n.account_id, 0) AS account, n.state, 1 AS change
      FROM fresh n JOIN stale o USING (id) WHERE n.is_leaf
        AND (n.state <> o.state OR n.account_id IS DISTINCT FROM o.account_id OR NOT o.is_leaf)
      UNION ALL
      SELECT (o.not_after AT TIME ZONE 'UTC')::date, coalesce(o.account_id, 0), o.state, -1
      FROM fresh n JOIN stale o USING (id) WHERE o.is_leaf
        AND (n.state <> o.state OR n.account_id IS DISTINCT FROM o.account_id OR NOT n.is_leaf)
    ) AS moves GROUP BY 1, 2, 3 HAVING sum(change) <> 0 ORDER BY 1, 2, 3
    ON CONFLICT (day, account, state) DO UPDATE SET count = r.count + excluded.count;
  RETURN NULL;
END $$
;;
CREATE OR REPLACE FUNCTION count_findings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO finding_count AS c (rule, count) SELECT rule, count(*) FROM fresh GROUP BY 1 ORDER BY 1
      ON CONFLICT (rule) DO UPDATE SET count = c.count + excluded.count;
  ELSE
    UPDATE finding_count AS c SET count = c.count - gone.count
      FROM (SELECT rule, count(*) AS count FROM stale GROUP BY 1) AS gone WHERE c.rule = gone.rule;
  END IF;
  RETURN NULL;
END $$
;;
CREATE OR REPLACE TRIGGER certificate_added AFTER INSERT ON certificate REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION count_certificates_added()
;;
CREATE OR REPLACE TRIGGER certificate_removed AFTER DELETE ON certificate REFERENCING OLD TABLE AS stale
  FOR EACH STATEMENT EXECUTE FUNCTION count_certificates_removed()
;;
CREATE OR REPLACE TRIGGER certificate_moved AFTER UPDATE ON certificate
  REFERENCING OLD TABLE AS stale NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION count_certificates_moved()
;;
CREATE OR REPLACE TRIGGER finding_added AFTER INSERT ON finding REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION count_findings()
;;
CREATE OR REPLACE TRIGGER finding_removed AFTER DELETE ON finding REFERENCING OLD TABLE AS stale
  FOR EACH STATEMENT EXECUTE FUNCTION count_findings()
;;
