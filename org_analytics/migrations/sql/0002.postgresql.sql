-- Frozen. To change it, add a version: see CONTRIBUTING.
-- [create]
CREATE FUNCTION org_analytics_daily_usage_insert() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
INSERT INTO org_analytics_dailyusage AS kept (day, user_id, provider, repo_id, session_count, pending_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count)
SELECT
    day,
    user_id,
    provider,
    repo_id,
    sum(session_count) AS session_count,
    sum(pending_count) AS pending_count,
    sum(unpriced_count) AS unpriced_count,
    sum(cost_dollars) AS cost_dollars,
    sum(cost_nanos) AS cost_nanos,
    sum(cost_count) AS cost_count,
    sum(duration_ms) AS duration_ms,
    sum(duration_count) AS duration_count,
    sum(assistant_ms) AS assistant_ms,
    sum(assistant_count) AS assistant_count,
    sum(user_ms) AS user_ms,
    sum(user_count) AS user_count
FROM (
    SELECT
        (SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1) AS day,
        session.user_id,
        session.provider,
        coalesce(session.repo_id, 0) AS repo_id,
        (CASE WHEN session.analyzed_at IS NOT NULL THEN 1 ELSE 0 END) AS session_count,
        (CASE WHEN session.analyzed_at IS NULL THEN 1 ELSE 0 END) AS pending_count,
        (CASE WHEN session.analyzed_at IS NOT NULL AND (session.cost_usd IS NULL OR NOT session.cost_complete) THEN 1 ELSE 0 END) AS unpriced_count,
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.cost_usd / 1000000000, 0) ELSE 0 END) AS cost_dollars,
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.cost_usd % 1000000000, 0) ELSE 0 END) AS cost_nanos,
        (CASE WHEN session.analyzed_at IS NOT NULL AND session.cost_usd IS NOT NULL THEN 1 ELSE 0 END) AS cost_count,
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.duration_ms, 0) ELSE 0 END) AS duration_ms,
        (CASE WHEN session.analyzed_at IS NOT NULL AND session.duration_ms IS NOT NULL THEN 1 ELSE 0 END) AS duration_count,
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.assistant_ms, 0) ELSE 0 END) AS assistant_ms,
        (CASE WHEN session.analyzed_at IS NOT NULL AND session.assistant_ms IS NOT NULL THEN 1 ELSE 0 END) AS assistant_count,
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.user_ms, 0) ELSE 0 END) AS user_ms,
        (CASE WHEN session.analyzed_at IS NOT NULL AND session.user_ms IS NOT NULL THEN 1 ELSE 0 END) AS user_count
    FROM added session
) changes
GROUP BY day, user_id, provider, repo_id
HAVING
    sum(session_count) <> 0
    OR sum(pending_count) <> 0
    OR sum(unpriced_count) <> 0
    OR sum(cost_dollars) <> 0
    OR sum(cost_nanos) <> 0
    OR sum(cost_count) <> 0
    OR sum(duration_ms) <> 0
    OR sum(duration_count) <> 0
    OR sum(assistant_ms) <> 0
    OR sum(assistant_count) <> 0
    OR sum(user_ms) <> 0
    OR sum(user_count) <> 0
ORDER BY day, user_id, provider, repo_id
ON CONFLICT (day, user_id, provider, repo_id) DO UPDATE SET
    session_count = kept.session_count + excluded.session_count,
    pending_count = kept.pending_count + excluded.pending_count,
    unpriced_count = kept.unpriced_count + excluded.unpriced_count,
    cost_dollars = kept.cost_dollars + excluded.cost_dollars,
    cost_nanos = kept.cost_nanos + excluded.cost_nanos,
    cost_count = kept.cost_count + excluded.cost_count,
    duration_ms = kept.duration_ms + excluded.duration_ms,
    duration_count = kept.duration_count + excluded.duration_count,
    assistant_ms = kept.assistant_ms + excluded.assistant_ms,
    assistant_count = kept.assistant_count + excluded.assistant_count,
    user_ms = kept.user_ms + excluded.user_ms,
    user_count = kept.user_count + excluded.user_count;
RETURN NULL;
END
$body$
-- [create]
CREATE FUNCTION org_analytics_daily_usage_update() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
DECLARE emptied record;
BEGIN
FOR emptied IN
    INSERT INTO org_analytics_dailyusage AS kept (day, user_id, provider, repo_id, session_count, pending_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count)
    SELECT
        day,
        user_id,
        provider,
        repo_id,
        sum(session_count) AS session_count,
        sum(pending_count) AS pending_count,
        sum(unpriced_count) AS unpriced_count,
        sum(cost_dollars) AS cost_dollars,
        sum(cost_nanos) AS cost_nanos,
        sum(cost_count) AS cost_count,
        sum(duration_ms) AS duration_ms,
        sum(duration_count) AS duration_count,
        sum(assistant_ms) AS assistant_ms,
        sum(assistant_count) AS assistant_count,
        sum(user_ms) AS user_ms,
        sum(user_count) AS user_count
    FROM (
        SELECT
            (SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1) AS day,
            session.user_id,
            session.provider,
            coalesce(session.repo_id, 0) AS repo_id,
            (CASE WHEN session.analyzed_at IS NOT NULL THEN 1 ELSE 0 END) AS session_count,
            (CASE WHEN session.analyzed_at IS NULL THEN 1 ELSE 0 END) AS pending_count,
            (CASE WHEN session.analyzed_at IS NOT NULL AND (session.cost_usd IS NULL OR NOT session.cost_complete) THEN 1 ELSE 0 END) AS unpriced_count,
            (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.cost_usd / 1000000000, 0) ELSE 0 END) AS cost_dollars,
            (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.cost_usd % 1000000000, 0) ELSE 0 END) AS cost_nanos,
            (CASE WHEN session.analyzed_at IS NOT NULL AND session.cost_usd IS NOT NULL THEN 1 ELSE 0 END) AS cost_count,
            (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.duration_ms, 0) ELSE 0 END) AS duration_ms,
            (CASE WHEN session.analyzed_at IS NOT NULL AND session.duration_ms IS NOT NULL THEN 1 ELSE 0 END) AS duration_count,
            (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.assistant_ms, 0) ELSE 0 END) AS assistant_ms,
            (CASE WHEN session.analyzed_at IS NOT NULL AND session.assistant_ms IS NOT NULL THEN 1 ELSE 0 END) AS assistant_count,
            (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.user_ms, 0) ELSE 0 END) AS user_ms,
            (CASE WHEN session.analyzed_at IS NOT NULL AND session.user_ms IS NOT NULL THEN 1 ELSE 0 END) AS user_count
        FROM added session
        UNION ALL
        SELECT
            (SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1) AS day,
            session.user_id,
            session.provider,
            coalesce(session.repo_id, 0) AS repo_id,
            -(CASE WHEN session.analyzed_at IS NOT NULL THEN 1 ELSE 0 END) AS session_count,
            -(CASE WHEN session.analyzed_at IS NULL THEN 1 ELSE 0 END) AS pending_count,
            -(CASE WHEN session.analyzed_at IS NOT NULL AND (session.cost_usd IS NULL OR NOT session.cost_complete) THEN 1 ELSE 0 END) AS unpriced_count,
            -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.cost_usd / 1000000000, 0) ELSE 0 END) AS cost_dollars,
            -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.cost_usd % 1000000000, 0) ELSE 0 END) AS cost_nanos,
            -(CASE WHEN session.analyzed_at IS NOT NULL AND session.cost_usd IS NOT NULL THEN 1 ELSE 0 END) AS cost_count,
            -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.duration_ms, 0) ELSE 0 END) AS duration_ms,
            -(CASE WHEN session.analyzed_at IS NOT NULL AND session.duration_ms IS NOT NULL THEN 1 ELSE 0 END) AS duration_count,
            -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.assistant_ms, 0) ELSE 0 END) AS assistant_ms,
            -(CASE WHEN session.analyzed_at IS NOT NULL AND session.assistant_ms IS NOT NULL THEN 1 ELSE 0 END) AS assistant_count,
            -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.user_ms, 0) ELSE 0 END) AS user_ms,
            -(CASE WHEN session.analyzed_at IS NOT NULL AND session.user_ms IS NOT NULL THEN 1 ELSE 0 END) AS user_count
        FROM removed session
    ) changes
    GROUP BY day, user_id, provider, repo_id
    HAVING
        sum(session_count) <> 0
        OR sum(pending_count) <> 0
        OR sum(unpriced_count) <> 0
        OR sum(cost_dollars) <> 0
        OR sum(cost_nanos) <> 0
        OR sum(cost_count) <> 0
        OR sum(duration_ms) <> 0
        OR sum(duration_count) <> 0
        OR sum(assistant_ms) <> 0
        OR sum(assistant_count) <> 0
        OR sum(user_ms) <> 0
        OR sum(user_count) <> 0
    ORDER BY day, user_id, provider, repo_id
    ON CONFLICT (day, user_id, provider, repo_id) DO UPDATE SET
        session_count = kept.session_count + excluded.session_count,
        pending_count = kept.pending_count + excluded.pending_count,
        unpriced_count = kept.unpriced_count + excluded.unpriced_count,
        cost_dollars = kept.cost_dollars + excluded.cost_dollars,
        cost_nanos = kept.cost_nanos + excluded.cost_nanos,
        cost_count = kept.cost_count + excluded.cost_count,
        duration_ms = kept.duration_ms + excluded.duration_ms,
        duration_count = kept.duration_count + excluded.duration_count,
        assistant_ms = kept.assistant_ms + excluded.assistant_ms,
        assistant_count = kept.assistant_count + excluded.assistant_count,
        user_ms = kept.user_ms + excluded.user_ms,
        user_count = kept.user_count + excluded.user_count
    RETURNING kept.day, kept.user_id, kept.provider, kept.repo_id, kept.session_count + kept.pending_count AS remaining
LOOP
    IF emptied.remaining <= 0 THEN
        DELETE FROM org_analytics_dailyusage WHERE day = emptied.day AND user_id = emptied.user_id AND provider = emptied.provider AND repo_id = emptied.repo_id;
    END IF;
END LOOP;
RETURN NULL;
END
$body$
-- [create]
CREATE FUNCTION org_analytics_daily_usage_delete() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
DECLARE emptied record;
BEGIN
FOR emptied IN
    INSERT INTO org_analytics_dailyusage AS kept (day, user_id, provider, repo_id, session_count, pending_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count)
    SELECT
        day,
        user_id,
        provider,
        repo_id,
        sum(session_count) AS session_count,
        sum(pending_count) AS pending_count,
        sum(unpriced_count) AS unpriced_count,
        sum(cost_dollars) AS cost_dollars,
        sum(cost_nanos) AS cost_nanos,
        sum(cost_count) AS cost_count,
        sum(duration_ms) AS duration_ms,
        sum(duration_count) AS duration_count,
        sum(assistant_ms) AS assistant_ms,
        sum(assistant_count) AS assistant_count,
        sum(user_ms) AS user_ms,
        sum(user_count) AS user_count
    FROM (
        SELECT
            (SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1) AS day,
            session.user_id,
            session.provider,
            coalesce(session.repo_id, 0) AS repo_id,
            -(CASE WHEN session.analyzed_at IS NOT NULL THEN 1 ELSE 0 END) AS session_count,
            -(CASE WHEN session.analyzed_at IS NULL THEN 1 ELSE 0 END) AS pending_count,
            -(CASE WHEN session.analyzed_at IS NOT NULL AND (session.cost_usd IS NULL OR NOT session.cost_complete) THEN 1 ELSE 0 END) AS unpriced_count,
            -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.cost_usd / 1000000000, 0) ELSE 0 END) AS cost_dollars,
            -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.cost_usd % 1000000000, 0) ELSE 0 END) AS cost_nanos,
            -(CASE WHEN session.analyzed_at IS NOT NULL AND session.cost_usd IS NOT NULL THEN 1 ELSE 0 END) AS cost_count,
            -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.duration_ms, 0) ELSE 0 END) AS duration_ms,
            -(CASE WHEN session.analyzed_at IS NOT NULL AND session.duration_ms IS NOT NULL THEN 1 ELSE 0 END) AS duration_count,
            -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.assistant_ms, 0) ELSE 0 END) AS assistant_ms,
            -(CASE WHEN session.analyzed_at IS NOT NULL AND session.assistant_ms IS NOT NULL THEN 1 ELSE 0 END) AS assistant_count,
            -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.user_ms, 0) ELSE 0 END) AS user_ms,
            -(CASE WHEN session.analyzed_at IS NOT NULL AND session.user_ms IS NOT NULL THEN 1 ELSE 0 END) AS user_count
        FROM removed session
    ) changes
    GROUP BY day, user_id, provider, repo_id
    HAVING
        sum(session_count) <> 0
        OR sum(pending_count) <> 0
        OR sum(unpriced_count) <> 0
        OR sum(cost_dollars) <> 0
        OR sum(cost_nanos) <> 0
        OR sum(cost_count) <> 0
        OR sum(duration_ms) <> 0
        OR sum(duration_count) <> 0
        OR sum(assistant_ms) <> 0
        OR sum(assistant_count) <> 0
        OR sum(user_ms) <> 0
        OR sum(user_count) <> 0
    ORDER BY day, user_id, provider, repo_id
    ON CONFLICT (day, user_id, provider, repo_id) DO UPDATE SET
        session_count = kept.session_count + excluded.session_count,
        pending_count = kept.pending_count + excluded.pending_count,
        unpriced_count = kept.unpriced_count + excluded.unpriced_count,
        cost_dollars = kept.cost_dollars + excluded.cost_dollars,
        cost_nanos = kept.cost_nanos + excluded.cost_nanos,
        cost_count = kept.cost_count + excluded.cost_count,
        duration_ms = kept.duration_ms + excluded.duration_ms,
        duration_count = kept.duration_count + excluded.duration_count,
        assistant_ms = kept.assistant_ms + excluded.assistant_ms,
        assistant_count = kept.assistant_count + excluded.assistant_count,
        user_ms = kept.user_ms + excluded.user_ms,
        user_count = kept.user_count + excluded.user_count
    RETURNING kept.day, kept.user_id, kept.provider, kept.repo_id, kept.session_count + kept.pending_count AS remaining
LOOP
    IF emptied.remaining <= 0 THEN
        DELETE FROM org_analytics_dailyusage WHERE day = emptied.day AND user_id = emptied.user_id AND provider = emptied.provider AND repo_id = emptied.repo_id;
    END IF;
END LOOP;
RETURN NULL;
END
$body$
-- [create]
CREATE FUNCTION org_analytics_daily_usage_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
DELETE FROM org_analytics_dailyusage;
RETURN NULL;
END
$body$
-- [create]
CREATE TRIGGER org_analytics_daily_usage_insert AFTER INSERT ON org_analytics_codingsession REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION org_analytics_daily_usage_insert()
-- [create]
CREATE TRIGGER org_analytics_daily_usage_update AFTER UPDATE ON org_analytics_codingsession REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION org_analytics_daily_usage_update()
-- [create]
CREATE TRIGGER org_analytics_daily_usage_delete AFTER DELETE ON org_analytics_codingsession REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION org_analytics_daily_usage_delete()
-- [create]
CREATE TRIGGER org_analytics_daily_usage_truncate AFTER TRUNCATE ON org_analytics_codingsession FOR EACH STATEMENT EXECUTE FUNCTION org_analytics_daily_usage_truncate()
-- [drop]
DROP FUNCTION IF EXISTS org_analytics_daily_usage_insert() CASCADE
-- [drop]
DROP FUNCTION IF EXISTS org_analytics_daily_usage_update() CASCADE
-- [drop]
DROP FUNCTION IF EXISTS org_analytics_daily_usage_delete() CASCADE
-- [drop]
DROP FUNCTION IF EXISTS org_analytics_daily_usage_truncate() CASCADE
-- [calendar]
INSERT INTO org_analytics_reportingday (starts_at, day, zone) VALUES
-- [sum]
INSERT INTO org_analytics_dailyusage (day, user_id, provider, repo_id, session_count, pending_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count)
SELECT
    day,
    user_id,
    provider,
    repo_id,
    sum(session_count) AS session_count,
    sum(pending_count) AS pending_count,
    sum(unpriced_count) AS unpriced_count,
    sum(cost_dollars) AS cost_dollars,
    sum(cost_nanos) AS cost_nanos,
    sum(cost_count) AS cost_count,
    sum(duration_ms) AS duration_ms,
    sum(duration_count) AS duration_count,
    sum(assistant_ms) AS assistant_ms,
    sum(assistant_count) AS assistant_count,
    sum(user_ms) AS user_ms,
    sum(user_count) AS user_count
FROM (
    SELECT
        (SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1) AS day,
        session.user_id,
        session.provider,
        coalesce(session.repo_id, 0) AS repo_id,
        (CASE WHEN session.analyzed_at IS NOT NULL THEN 1 ELSE 0 END) AS session_count,
        (CASE WHEN session.analyzed_at IS NULL THEN 1 ELSE 0 END) AS pending_count,
        (CASE WHEN session.analyzed_at IS NOT NULL AND (session.cost_usd IS NULL OR NOT session.cost_complete) THEN 1 ELSE 0 END) AS unpriced_count,
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.cost_usd / 1000000000, 0) ELSE 0 END) AS cost_dollars,
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.cost_usd % 1000000000, 0) ELSE 0 END) AS cost_nanos,
        (CASE WHEN session.analyzed_at IS NOT NULL AND session.cost_usd IS NOT NULL THEN 1 ELSE 0 END) AS cost_count,
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.duration_ms, 0) ELSE 0 END) AS duration_ms,
        (CASE WHEN session.analyzed_at IS NOT NULL AND session.duration_ms IS NOT NULL THEN 1 ELSE 0 END) AS duration_count,
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.assistant_ms, 0) ELSE 0 END) AS assistant_ms,
        (CASE WHEN session.analyzed_at IS NOT NULL AND session.assistant_ms IS NOT NULL THEN 1 ELSE 0 END) AS assistant_count,
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.user_ms, 0) ELSE 0 END) AS user_ms,
        (CASE WHEN session.analyzed_at IS NOT NULL AND session.user_ms IS NOT NULL THEN 1 ELSE 0 END) AS user_count
    FROM org_analytics_codingsession session
) changes
GROUP BY day, user_id, provider, repo_id
