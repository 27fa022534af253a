-- Frozen. To change it, add a version: see CONTRIBUTING.
-- [create]
CREATE AGGREGATE org_analytics_sum(bigint) (SFUNC = int8pl, STYPE = bigint, COMBINEFUNC = int8pl, PARALLEL = SAFE)
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
CREATE FUNCTION org_analytics_ten_day_usage_insert() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
INSERT INTO org_analytics_tendayusage AS kept (ten_days, user_id, provider, session_count, pending_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count)
SELECT
    ten_days,
    user_id,
    provider,
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
        (to_char((SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1), 'YYYYMMDD')::integer - 1) / 10 AS ten_days,
        session.user_id,
        session.provider,
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
GROUP BY ten_days, user_id, provider
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
ORDER BY ten_days, user_id, provider
ON CONFLICT (ten_days, user_id, provider) DO UPDATE SET
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
CREATE FUNCTION org_analytics_ten_day_usage_update() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
DECLARE emptied record;
BEGIN
FOR emptied IN
    INSERT INTO org_analytics_tendayusage AS kept (ten_days, user_id, provider, session_count, pending_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count)
    SELECT
        ten_days,
        user_id,
        provider,
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
            (to_char((SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1), 'YYYYMMDD')::integer - 1) / 10 AS ten_days,
            session.user_id,
            session.provider,
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
            (to_char((SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1), 'YYYYMMDD')::integer - 1) / 10 AS ten_days,
            session.user_id,
            session.provider,
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
    GROUP BY ten_days, user_id, provider
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
    ORDER BY ten_days, user_id, provider
    ON CONFLICT (ten_days, user_id, provider) DO UPDATE SET
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
    RETURNING kept.ten_days, kept.user_id, kept.provider, kept.session_count + kept.pending_count AS remaining
LOOP
    IF emptied.remaining <= 0 THEN
        DELETE FROM org_analytics_tendayusage WHERE ten_days = emptied.ten_days AND user_id = emptied.user_id AND provider = emptied.provider;
    END IF;
END LOOP;
RETURN NULL;
END
$body$
-- [create]
CREATE FUNCTION org_analytics_ten_day_usage_delete() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
DECLARE emptied record;
BEGIN
FOR emptied IN
    INSERT INTO org_analytics_tendayusage AS kept (ten_days, user_id, provider, session_count, pending_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count)
    SELECT
        ten_days,
        user_id,
        provider,
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
            (to_char((SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1), 'YYYYMMDD')::integer - 1) / 10 AS ten_days,
            session.user_id,
            session.provider,
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
    GROUP BY ten_days, user_id, provider
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
    ORDER BY ten_days, user_id, provider
    ON CONFLICT (ten_days, user_id, provider) DO UPDATE SET
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
    RETURNING kept.ten_days, kept.user_id, kept.provider, kept.session_count + kept.pending_count AS remaining
LOOP
    IF emptied.remaining <= 0 THEN
        DELETE FROM org_analytics_tendayusage WHERE ten_days = emptied.ten_days AND user_id = emptied.user_id AND provider = emptied.provider;
    END IF;
END LOOP;
RETURN NULL;
END
$body$
-- [create]
CREATE FUNCTION org_analytics_ten_day_usage_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
DELETE FROM org_analytics_tendayusage;
RETURN NULL;
END
$body$
-- [create]
CREATE FUNCTION org_analytics_daily_model_usage_session_insert() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT SET enable_seqscan TO off SET enable_hashjoin TO off SET enable_mergejoin TO off AS $body$
BEGIN
IF EXISTS (SELECT FROM org_analytics_modelusage WHERE session_id >= (SELECT min(id) FROM added)) THEN
    INSERT INTO org_analytics_dailymodelusage AS kept (day, user_id, provider, repo_id, model, session_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count, requests_billions, requests_rest, requests_count, input_tokens_billions, input_tokens_rest, input_tokens_count, output_tokens_billions, output_tokens_rest, output_tokens_count, cache_write_tokens_billions, cache_write_tokens_rest, cache_write_tokens_count, cache_read_tokens_billions, cache_read_tokens_rest, cache_read_tokens_count)
    SELECT
        day,
        user_id,
        provider,
        repo_id,
        model,
        sum(session_count) AS session_count,
        sum(unpriced_count) AS unpriced_count,
        sum(cost_dollars) AS cost_dollars,
        sum(cost_nanos) AS cost_nanos,
        sum(cost_count) AS cost_count,
        sum(duration_ms) AS duration_ms,
        sum(duration_count) AS duration_count,
        sum(assistant_ms) AS assistant_ms,
        sum(assistant_count) AS assistant_count,
        sum(user_ms) AS user_ms,
        sum(user_count) AS user_count,
        sum(requests_billions) AS requests_billions,
        sum(requests_rest) AS requests_rest,
        sum(requests_count) AS requests_count,
        sum(input_tokens_billions) AS input_tokens_billions,
        sum(input_tokens_rest) AS input_tokens_rest,
        sum(input_tokens_count) AS input_tokens_count,
        sum(output_tokens_billions) AS output_tokens_billions,
        sum(output_tokens_rest) AS output_tokens_rest,
        sum(output_tokens_count) AS output_tokens_count,
        sum(cache_write_tokens_billions) AS cache_write_tokens_billions,
        sum(cache_write_tokens_rest) AS cache_write_tokens_rest,
        sum(cache_write_tokens_count) AS cache_write_tokens_count,
        sum(cache_read_tokens_billions) AS cache_read_tokens_billions,
        sum(cache_read_tokens_rest) AS cache_read_tokens_rest,
        sum(cache_read_tokens_count) AS cache_read_tokens_count
    FROM (
        SELECT
            (SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1) AS day,
            session.user_id,
            session.provider,
            coalesce(session.repo_id, 0) AS repo_id,
            usage.model,
            (1) AS session_count,
            (CASE WHEN usage.cost_usd IS NULL THEN 1 ELSE 0 END) AS unpriced_count,
            (coalesce(usage.cost_usd / 1000000000, 0)) AS cost_dollars,
            (coalesce(usage.cost_usd % 1000000000, 0)) AS cost_nanos,
            (CASE WHEN usage.cost_usd IS NOT NULL THEN 1 ELSE 0 END) AS cost_count,
            (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.duration_ms, 0) ELSE 0 END) AS duration_ms,
            (CASE WHEN session.analyzed_at IS NOT NULL AND session.duration_ms IS NOT NULL THEN 1 ELSE 0 END) AS duration_count,
            (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.assistant_ms, 0) ELSE 0 END) AS assistant_ms,
            (CASE WHEN session.analyzed_at IS NOT NULL AND session.assistant_ms IS NOT NULL THEN 1 ELSE 0 END) AS assistant_count,
            (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.user_ms, 0) ELSE 0 END) AS user_ms,
            (CASE WHEN session.analyzed_at IS NOT NULL AND session.user_ms IS NOT NULL THEN 1 ELSE 0 END) AS user_count,
            (coalesce(usage.requests / 1000000000, 0)) AS requests_billions,
            (coalesce(usage.requests % 1000000000, 0)) AS requests_rest,
            (CASE WHEN usage.requests IS NOT NULL THEN 1 ELSE 0 END) AS requests_count,
            (coalesce(usage.input_tokens / 1000000000, 0)) AS input_tokens_billions,
            (coalesce(usage.input_tokens % 1000000000, 0)) AS input_tokens_rest,
            (CASE WHEN usage.input_tokens IS NOT NULL THEN 1 ELSE 0 END) AS input_tokens_count,
            (coalesce(usage.output_tokens / 1000000000, 0)) AS output_tokens_billions,
            (coalesce(usage.output_tokens % 1000000000, 0)) AS output_tokens_rest,
            (CASE WHEN usage.output_tokens IS NOT NULL THEN 1 ELSE 0 END) AS output_tokens_count,
            (coalesce(usage.cache_write_tokens / 1000000000, 0)) AS cache_write_tokens_billions,
            (coalesce(usage.cache_write_tokens % 1000000000, 0)) AS cache_write_tokens_rest,
            (CASE WHEN usage.cache_write_tokens IS NOT NULL THEN 1 ELSE 0 END) AS cache_write_tokens_count,
            (coalesce(usage.cache_read_tokens / 1000000000, 0)) AS cache_read_tokens_billions,
            (coalesce(usage.cache_read_tokens % 1000000000, 0)) AS cache_read_tokens_rest,
            (CASE WHEN usage.cache_read_tokens IS NOT NULL THEN 1 ELSE 0 END) AS cache_read_tokens_count
        FROM added session
        JOIN org_analytics_modelusage usage ON usage.session_id = session.id
        WHERE session.analyzed_at IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM org_analytics_codingsession written
            WHERE written.id = session.id AND written.xmin = usage.xmin
            AND usage.cmin::text::bigint >= written.cmin::text::bigint
        )
    ) changes
    GROUP BY day, user_id, provider, repo_id, model
    HAVING
        sum(session_count) <> 0
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
        OR sum(requests_billions) <> 0
        OR sum(requests_rest) <> 0
        OR sum(requests_count) <> 0
        OR sum(input_tokens_billions) <> 0
        OR sum(input_tokens_rest) <> 0
        OR sum(input_tokens_count) <> 0
        OR sum(output_tokens_billions) <> 0
        OR sum(output_tokens_rest) <> 0
        OR sum(output_tokens_count) <> 0
        OR sum(cache_write_tokens_billions) <> 0
        OR sum(cache_write_tokens_rest) <> 0
        OR sum(cache_write_tokens_count) <> 0
        OR sum(cache_read_tokens_billions) <> 0
        OR sum(cache_read_tokens_rest) <> 0
        OR sum(cache_read_tokens_count) <> 0
    ORDER BY day, user_id, provider, repo_id, model
    ON CONFLICT (day, user_id, provider, repo_id, model) DO UPDATE SET
        session_count = kept.session_count + excluded.session_count,
        unpriced_count = kept.unpriced_count + excluded.unpriced_count,
        cost_dollars = kept.cost_dollars + excluded.cost_dollars,
        cost_nanos = kept.cost_nanos + excluded.cost_nanos,
        cost_count = kept.cost_count + excluded.cost_count,
        duration_ms = kept.duration_ms + excluded.duration_ms,
        duration_count = kept.duration_count + excluded.duration_count,
        assistant_ms = kept.assistant_ms + excluded.assistant_ms,
        assistant_count = kept.assistant_count + excluded.assistant_count,
        user_ms = kept.user_ms + excluded.user_ms,
        user_count = kept.user_count + excluded.user_count,
        requests_billions = kept.requests_billions + excluded.requests_billions,
        requests_rest = kept.requests_rest + excluded.requests_rest,
        requests_count = kept.requests_count + excluded.requests_count,
        input_tokens_billions = kept.input_tokens_billions + excluded.input_tokens_billions,
        input_tokens_rest = kept.input_tokens_rest + excluded.input_tokens_rest,
        input_tokens_count = kept.input_tokens_count + excluded.input_tokens_count,
        output_tokens_billions = kept.output_tokens_billions + excluded.output_tokens_billions,
        output_tokens_rest = kept.output_tokens_rest + excluded.output_tokens_rest,
        output_tokens_count = kept.output_tokens_count + excluded.output_tokens_count,
        cache_write_tokens_billions = kept.cache_write_tokens_billions + excluded.cache_write_tokens_billions,
        cache_write_tokens_rest = kept.cache_write_tokens_rest + excluded.cache_write_tokens_rest,
        cache_write_tokens_count = kept.cache_write_tokens_count + excluded.cache_write_tokens_count,
        cache_read_tokens_billions = kept.cache_read_tokens_billions + excluded.cache_read_tokens_billions,
        cache_read_tokens_rest = kept.cache_read_tokens_rest + excluded.cache_read_tokens_rest,
        cache_read_tokens_count = kept.cache_read_tokens_count + excluded.cache_read_tokens_count;
END IF;
RETURN NULL;
END
$body$
-- [create]
CREATE FUNCTION org_analytics_daily_model_usage_session_update() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT SET enable_seqscan TO off SET enable_hashjoin TO off SET enable_mergejoin TO off AS $body$
DECLARE emptied record;
BEGIN
FOR emptied IN
    INSERT INTO org_analytics_dailymodelusage AS kept (day, user_id, provider, repo_id, model, session_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count, requests_billions, requests_rest, requests_count, input_tokens_billions, input_tokens_rest, input_tokens_count, output_tokens_billions, output_tokens_rest, output_tokens_count, cache_write_tokens_billions, cache_write_tokens_rest, cache_write_tokens_count, cache_read_tokens_billions, cache_read_tokens_rest, cache_read_tokens_count)
    SELECT
        day,
        user_id,
        provider,
        repo_id,
        model,
        sum(session_count) AS session_count,
        sum(unpriced_count) AS unpriced_count,
        sum(cost_dollars) AS cost_dollars,
        sum(cost_nanos) AS cost_nanos,
        sum(cost_count) AS cost_count,
        sum(duration_ms) AS duration_ms,
        sum(duration_count) AS duration_count,
        sum(assistant_ms) AS assistant_ms,
        sum(assistant_count) AS assistant_count,
        sum(user_ms) AS user_ms,
        sum(user_count) AS user_count,
        sum(requests_billions) AS requests_billions,
        sum(requests_rest) AS requests_rest,
        sum(requests_count) AS requests_count,
        sum(input_tokens_billions) AS input_tokens_billions,
        sum(input_tokens_rest) AS input_tokens_rest,
        sum(input_tokens_count) AS input_tokens_count,
        sum(output_tokens_billions) AS output_tokens_billions,
        sum(output_tokens_rest) AS output_tokens_rest,
        sum(output_tokens_count) AS output_tokens_count,
        sum(cache_write_tokens_billions) AS cache_write_tokens_billions,
        sum(cache_write_tokens_rest) AS cache_write_tokens_rest,
        sum(cache_write_tokens_count) AS cache_write_tokens_count,
        sum(cache_read_tokens_billions) AS cache_read_tokens_billions,
        sum(cache_read_tokens_rest) AS cache_read_tokens_rest,
        sum(cache_read_tokens_count) AS cache_read_tokens_count
    FROM (
        SELECT
            session.day,
            session.user_id,
            session.provider,
            session.repo_id,
            usage.model,
            session.session_count,
            session.session_count * (CASE WHEN usage.cost_usd IS NULL THEN 1 ELSE 0 END) AS unpriced_count,
            session.session_count * (coalesce(usage.cost_usd / 1000000000, 0)) AS cost_dollars,
            session.session_count * (coalesce(usage.cost_usd % 1000000000, 0)) AS cost_nanos,
            session.session_count * (CASE WHEN usage.cost_usd IS NOT NULL THEN 1 ELSE 0 END) AS cost_count,
            session.duration_ms,
            session.duration_count,
            session.assistant_ms,
            session.assistant_count,
            session.user_ms,
            session.user_count,
            session.session_count * (coalesce(usage.requests / 1000000000, 0)) AS requests_billions,
            session.session_count * (coalesce(usage.requests % 1000000000, 0)) AS requests_rest,
            session.session_count * (CASE WHEN usage.requests IS NOT NULL THEN 1 ELSE 0 END) AS requests_count,
            session.session_count * (coalesce(usage.input_tokens / 1000000000, 0)) AS input_tokens_billions,
            session.session_count * (coalesce(usage.input_tokens % 1000000000, 0)) AS input_tokens_rest,
            session.session_count * (CASE WHEN usage.input_tokens IS NOT NULL THEN 1 ELSE 0 END) AS input_tokens_count,
            session.session_count * (coalesce(usage.output_tokens / 1000000000, 0)) AS output_tokens_billions,
            session.session_count * (coalesce(usage.output_tokens % 1000000000, 0)) AS output_tokens_rest,
            session.session_count * (CASE WHEN usage.output_tokens IS NOT NULL THEN 1 ELSE 0 END) AS output_tokens_count,
            session.session_count * (coalesce(usage.cache_write_tokens / 1000000000, 0)) AS cache_write_tokens_billions,
            session.session_count * (coalesce(usage.cache_write_tokens % 1000000000, 0)) AS cache_write_tokens_rest,
            session.session_count * (CASE WHEN usage.cache_write_tokens IS NOT NULL THEN 1 ELSE 0 END) AS cache_write_tokens_count,
            session.session_count * (coalesce(usage.cache_read_tokens / 1000000000, 0)) AS cache_read_tokens_billions,
            session.session_count * (coalesce(usage.cache_read_tokens % 1000000000, 0)) AS cache_read_tokens_rest,
            session.session_count * (CASE WHEN usage.cache_read_tokens IS NOT NULL THEN 1 ELSE 0 END) AS cache_read_tokens_count
        FROM (
            SELECT
                id,
                day,
                user_id,
                provider,
                repo_id,
                sum(session_count)::bigint AS session_count,
                sum(duration_ms)::bigint AS duration_ms,
                sum(duration_count)::bigint AS duration_count,
                sum(assistant_ms)::bigint AS assistant_ms,
                sum(assistant_count)::bigint AS assistant_count,
                sum(user_ms)::bigint AS user_ms,
                sum(user_count)::bigint AS user_count
            FROM (
                SELECT
                    session.id,
                    (SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1) AS day,
                    session.user_id,
                    session.provider,
                    coalesce(session.repo_id, 0) AS repo_id,
                    (1) AS session_count,
                    (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.duration_ms, 0) ELSE 0 END) AS duration_ms,
                    (CASE WHEN session.analyzed_at IS NOT NULL AND session.duration_ms IS NOT NULL THEN 1 ELSE 0 END) AS duration_count,
                    (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.assistant_ms, 0) ELSE 0 END) AS assistant_ms,
                    (CASE WHEN session.analyzed_at IS NOT NULL AND session.assistant_ms IS NOT NULL THEN 1 ELSE 0 END) AS assistant_count,
                    (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.user_ms, 0) ELSE 0 END) AS user_ms,
                    (CASE WHEN session.analyzed_at IS NOT NULL AND session.user_ms IS NOT NULL THEN 1 ELSE 0 END) AS user_count
                FROM added session
                WHERE session.analyzed_at IS NOT NULL
                UNION ALL
                SELECT
                    session.id,
                    (SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1) AS day,
                    session.user_id,
                    session.provider,
                    coalesce(session.repo_id, 0) AS repo_id,
                    -(1) AS session_count,
                    -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.duration_ms, 0) ELSE 0 END) AS duration_ms,
                    -(CASE WHEN session.analyzed_at IS NOT NULL AND session.duration_ms IS NOT NULL THEN 1 ELSE 0 END) AS duration_count,
                    -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.assistant_ms, 0) ELSE 0 END) AS assistant_ms,
                    -(CASE WHEN session.analyzed_at IS NOT NULL AND session.assistant_ms IS NOT NULL THEN 1 ELSE 0 END) AS assistant_count,
                    -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.user_ms, 0) ELSE 0 END) AS user_ms,
                    -(CASE WHEN session.analyzed_at IS NOT NULL AND session.user_ms IS NOT NULL THEN 1 ELSE 0 END) AS user_count
                FROM removed session
                WHERE session.analyzed_at IS NOT NULL
            ) states
            GROUP BY id, day, user_id, provider, repo_id
            HAVING
                sum(session_count) <> 0
                OR sum(duration_ms) <> 0
                OR sum(duration_count) <> 0
                OR sum(assistant_ms) <> 0
                OR sum(assistant_count) <> 0
                OR sum(user_ms) <> 0
                OR sum(user_count) <> 0
        ) session
        JOIN org_analytics_modelusage usage ON usage.session_id = session.id
        WHERE true
        AND NOT EXISTS (
            SELECT FROM org_analytics_codingsession written
            WHERE written.id = session.id AND written.xmin = usage.xmin
            AND usage.cmin::text::bigint >= written.cmin::text::bigint
        )
    ) changes
    GROUP BY day, user_id, provider, repo_id, model
    HAVING
        sum(session_count) <> 0
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
        OR sum(requests_billions) <> 0
        OR sum(requests_rest) <> 0
        OR sum(requests_count) <> 0
        OR sum(input_tokens_billions) <> 0
        OR sum(input_tokens_rest) <> 0
        OR sum(input_tokens_count) <> 0
        OR sum(output_tokens_billions) <> 0
        OR sum(output_tokens_rest) <> 0
        OR sum(output_tokens_count) <> 0
        OR sum(cache_write_tokens_billions) <> 0
        OR sum(cache_write_tokens_rest) <> 0
        OR sum(cache_write_tokens_count) <> 0
        OR sum(cache_read_tokens_billions) <> 0
        OR sum(cache_read_tokens_rest) <> 0
        OR sum(cache_read_tokens_count) <> 0
    ORDER BY day, user_id, provider, repo_id, model
    ON CONFLICT (day, user_id, provider, repo_id, model) DO UPDATE SET
        session_count = kept.session_count + excluded.session_count,
        unpriced_count = kept.unpriced_count + excluded.unpriced_count,
        cost_dollars = kept.cost_dollars + excluded.cost_dollars,
        cost_nanos = kept.cost_nanos + excluded.cost_nanos,
        cost_count = kept.cost_count + excluded.cost_count,
        duration_ms = kept.duration_ms + excluded.duration_ms,
        duration_count = kept.duration_count + excluded.duration_count,
        assistant_ms = kept.assistant_ms + excluded.assistant_ms,
        assistant_count = kept.assistant_count + excluded.assistant_count,
        user_ms = kept.user_ms + excluded.user_ms,
        user_count = kept.user_count + excluded.user_count,
        requests_billions = kept.requests_billions + excluded.requests_billions,
        requests_rest = kept.requests_rest + excluded.requests_rest,
        requests_count = kept.requests_count + excluded.requests_count,
        input_tokens_billions = kept.input_tokens_billions + excluded.input_tokens_billions,
        input_tokens_rest = kept.input_tokens_rest + excluded.input_tokens_rest,
        input_tokens_count = kept.input_tokens_count + excluded.input_tokens_count,
        output_tokens_billions = kept.output_tokens_billions + excluded.output_tokens_billions,
        output_tokens_rest = kept.output_tokens_rest + excluded.output_tokens_rest,
        output_tokens_count = kept.output_tokens_count + excluded.output_tokens_count,
        cache_write_tokens_billions = kept.cache_write_tokens_billions + excluded.cache_write_tokens_billions,
        cache_write_tokens_rest = kept.cache_write_tokens_rest + excluded.cache_write_tokens_rest,
        cache_write_tokens_count = kept.cache_write_tokens_count + excluded.cache_write_tokens_count,
        cache_read_tokens_billions = kept.cache_read_tokens_billions + excluded.cache_read_tokens_billions,
        cache_read_tokens_rest = kept.cache_read_tokens_rest + excluded.cache_read_tokens_rest,
        cache_read_tokens_count = kept.cache_read_tokens_count + excluded.cache_read_tokens_count
    RETURNING kept.day, kept.user_id, kept.provider, kept.repo_id, kept.model, kept.session_count AS remaining
LOOP
    IF emptied.remaining <= 0 THEN
        DELETE FROM org_analytics_dailymodelusage WHERE day = emptied.day AND user_id = emptied.user_id AND provider = emptied.provider AND repo_id = emptied.repo_id AND model = emptied.model;
    END IF;
END LOOP;
RETURN NULL;
END
$body$
-- [create]
CREATE FUNCTION org_analytics_daily_model_usage_session_delete() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT SET enable_seqscan TO off SET enable_hashjoin TO off SET enable_mergejoin TO off AS $body$
DECLARE emptied record;
BEGIN
FOR emptied IN
    INSERT INTO org_analytics_dailymodelusage AS kept (day, user_id, provider, repo_id, model, session_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count, requests_billions, requests_rest, requests_count, input_tokens_billions, input_tokens_rest, input_tokens_count, output_tokens_billions, output_tokens_rest, output_tokens_count, cache_write_tokens_billions, cache_write_tokens_rest, cache_write_tokens_count, cache_read_tokens_billions, cache_read_tokens_rest, cache_read_tokens_count)
    SELECT
        day,
        user_id,
        provider,
        repo_id,
        model,
        sum(session_count) AS session_count,
        sum(unpriced_count) AS unpriced_count,
        sum(cost_dollars) AS cost_dollars,
        sum(cost_nanos) AS cost_nanos,
        sum(cost_count) AS cost_count,
        sum(duration_ms) AS duration_ms,
        sum(duration_count) AS duration_count,
        sum(assistant_ms) AS assistant_ms,
        sum(assistant_count) AS assistant_count,
        sum(user_ms) AS user_ms,
        sum(user_count) AS user_count,
        sum(requests_billions) AS requests_billions,
        sum(requests_rest) AS requests_rest,
        sum(requests_count) AS requests_count,
        sum(input_tokens_billions) AS input_tokens_billions,
        sum(input_tokens_rest) AS input_tokens_rest,
        sum(input_tokens_count) AS input_tokens_count,
        sum(output_tokens_billions) AS output_tokens_billions,
        sum(output_tokens_rest) AS output_tokens_rest,
        sum(output_tokens_count) AS output_tokens_count,
        sum(cache_write_tokens_billions) AS cache_write_tokens_billions,
        sum(cache_write_tokens_rest) AS cache_write_tokens_rest,
        sum(cache_write_tokens_count) AS cache_write_tokens_count,
        sum(cache_read_tokens_billions) AS cache_read_tokens_billions,
        sum(cache_read_tokens_rest) AS cache_read_tokens_rest,
        sum(cache_read_tokens_count) AS cache_read_tokens_count
    FROM (
        SELECT
            (SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1) AS day,
            session.user_id,
            session.provider,
            coalesce(session.repo_id, 0) AS repo_id,
            usage.model,
            -(1) AS session_count,
            -(CASE WHEN usage.cost_usd IS NULL THEN 1 ELSE 0 END) AS unpriced_count,
            -(coalesce(usage.cost_usd / 1000000000, 0)) AS cost_dollars,
            -(coalesce(usage.cost_usd % 1000000000, 0)) AS cost_nanos,
            -(CASE WHEN usage.cost_usd IS NOT NULL THEN 1 ELSE 0 END) AS cost_count,
            -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.duration_ms, 0) ELSE 0 END) AS duration_ms,
            -(CASE WHEN session.analyzed_at IS NOT NULL AND session.duration_ms IS NOT NULL THEN 1 ELSE 0 END) AS duration_count,
            -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.assistant_ms, 0) ELSE 0 END) AS assistant_ms,
            -(CASE WHEN session.analyzed_at IS NOT NULL AND session.assistant_ms IS NOT NULL THEN 1 ELSE 0 END) AS assistant_count,
            -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.user_ms, 0) ELSE 0 END) AS user_ms,
            -(CASE WHEN session.analyzed_at IS NOT NULL AND session.user_ms IS NOT NULL THEN 1 ELSE 0 END) AS user_count,
            -(coalesce(usage.requests / 1000000000, 0)) AS requests_billions,
            -(coalesce(usage.requests % 1000000000, 0)) AS requests_rest,
            -(CASE WHEN usage.requests IS NOT NULL THEN 1 ELSE 0 END) AS requests_count,
            -(coalesce(usage.input_tokens / 1000000000, 0)) AS input_tokens_billions,
            -(coalesce(usage.input_tokens % 1000000000, 0)) AS input_tokens_rest,
            -(CASE WHEN usage.input_tokens IS NOT NULL THEN 1 ELSE 0 END) AS input_tokens_count,
            -(coalesce(usage.output_tokens / 1000000000, 0)) AS output_tokens_billions,
            -(coalesce(usage.output_tokens % 1000000000, 0)) AS output_tokens_rest,
            -(CASE WHEN usage.output_tokens IS NOT NULL THEN 1 ELSE 0 END) AS output_tokens_count,
            -(coalesce(usage.cache_write_tokens / 1000000000, 0)) AS cache_write_tokens_billions,
            -(coalesce(usage.cache_write_tokens % 1000000000, 0)) AS cache_write_tokens_rest,
            -(CASE WHEN usage.cache_write_tokens IS NOT NULL THEN 1 ELSE 0 END) AS cache_write_tokens_count,
            -(coalesce(usage.cache_read_tokens / 1000000000, 0)) AS cache_read_tokens_billions,
            -(coalesce(usage.cache_read_tokens % 1000000000, 0)) AS cache_read_tokens_rest,
            -(CASE WHEN usage.cache_read_tokens IS NOT NULL THEN 1 ELSE 0 END) AS cache_read_tokens_count
        FROM removed session
        JOIN org_analytics_modelusage usage ON usage.session_id = session.id
        WHERE session.analyzed_at IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM org_analytics_codingsession written
            WHERE written.id = session.id AND written.xmin = usage.xmin
            AND usage.cmin::text::bigint >= written.cmin::text::bigint
        )
    ) changes
    GROUP BY day, user_id, provider, repo_id, model
    HAVING
        sum(session_count) <> 0
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
        OR sum(requests_billions) <> 0
        OR sum(requests_rest) <> 0
        OR sum(requests_count) <> 0
        OR sum(input_tokens_billions) <> 0
        OR sum(input_tokens_rest) <> 0
        OR sum(input_tokens_count) <> 0
        OR sum(output_tokens_billions) <> 0
        OR sum(output_tokens_rest) <> 0
        OR sum(output_tokens_count) <> 0
        OR sum(cache_write_tokens_billions) <> 0
        OR sum(cache_write_tokens_rest) <> 0
        OR sum(cache_write_tokens_count) <> 0
        OR sum(cache_read_tokens_billions) <> 0
        OR sum(cache_read_tokens_rest) <> 0
        OR sum(cache_read_tokens_count) <> 0
    ORDER BY day, user_id, provider, repo_id, model
    ON CONFLICT (day, user_id, provider, repo_id, model) DO UPDATE SET
        session_count = kept.session_count + excluded.session_count,
        unpriced_count = kept.unpriced_count + excluded.unpriced_count,
        cost_dollars = kept.cost_dollars + excluded.cost_dollars,
        cost_nanos = kept.cost_nanos + excluded.cost_nanos,
        cost_count = kept.cost_count + excluded.cost_count,
        duration_ms = kept.duration_ms + excluded.duration_ms,
        duration_count = kept.duration_count + excluded.duration_count,
        assistant_ms = kept.assistant_ms + excluded.assistant_ms,
        assistant_count = kept.assistant_count + excluded.assistant_count,
        user_ms = kept.user_ms + excluded.user_ms,
        user_count = kept.user_count + excluded.user_count,
        requests_billions = kept.requests_billions + excluded.requests_billions,
        requests_rest = kept.requests_rest + excluded.requests_rest,
        requests_count = kept.requests_count + excluded.requests_count,
        input_tokens_billions = kept.input_tokens_billions + excluded.input_tokens_billions,
        input_tokens_rest = kept.input_tokens_rest + excluded.input_tokens_rest,
        input_tokens_count = kept.input_tokens_count + excluded.input_tokens_count,
        output_tokens_billions = kept.output_tokens_billions + excluded.output_tokens_billions,
        output_tokens_rest = kept.output_tokens_rest + excluded.output_tokens_rest,
        output_tokens_count = kept.output_tokens_count + excluded.output_tokens_count,
        cache_write_tokens_billions = kept.cache_write_tokens_billions + excluded.cache_write_tokens_billions,
        cache_write_tokens_rest = kept.cache_write_tokens_rest + excluded.cache_write_tokens_rest,
        cache_write_tokens_count = kept.cache_write_tokens_count + excluded.cache_write_tokens_count,
        cache_read_tokens_billions = kept.cache_read_tokens_billions + excluded.cache_read_tokens_billions,
        cache_read_tokens_rest = kept.cache_read_tokens_rest + excluded.cache_read_tokens_rest,
        cache_read_tokens_count = kept.cache_read_tokens_count + excluded.cache_read_tokens_count
    RETURNING kept.day, kept.user_id, kept.provider, kept.repo_id, kept.model, kept.session_count AS remaining
LOOP
    IF emptied.remaining <= 0 THEN
        DELETE FROM org_analytics_dailymodelusage WHERE day = emptied.day AND user_id = emptied.user_id AND provider = emptied.provider AND repo_id = emptied.repo_id AND model = emptied.model;
    END IF;
END LOOP;
RETURN NULL;
END
$body$
-- [create]
CREATE FUNCTION org_analytics_daily_model_usage_model_insert() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT SET enable_seqscan TO off SET enable_hashjoin TO off SET enable_mergejoin TO off AS $body$
BEGIN
PERFORM FROM org_analytics_codingsession WHERE id IN (SELECT session_id FROM added) ORDER BY id FOR NO KEY UPDATE;
IF NOT FOUND THEN
    RETURN NULL;
END IF;
INSERT INTO org_analytics_dailymodelusage AS kept (day, user_id, provider, repo_id, model, session_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count, requests_billions, requests_rest, requests_count, input_tokens_billions, input_tokens_rest, input_tokens_count, output_tokens_billions, output_tokens_rest, output_tokens_count, cache_write_tokens_billions, cache_write_tokens_rest, cache_write_tokens_count, cache_read_tokens_billions, cache_read_tokens_rest, cache_read_tokens_count)
SELECT
    day,
    user_id,
    provider,
    repo_id,
    model,
    sum(session_count) AS session_count,
    sum(unpriced_count) AS unpriced_count,
    sum(cost_dollars) AS cost_dollars,
    sum(cost_nanos) AS cost_nanos,
    sum(cost_count) AS cost_count,
    sum(duration_ms) AS duration_ms,
    sum(duration_count) AS duration_count,
    sum(assistant_ms) AS assistant_ms,
    sum(assistant_count) AS assistant_count,
    sum(user_ms) AS user_ms,
    sum(user_count) AS user_count,
    sum(requests_billions) AS requests_billions,
    sum(requests_rest) AS requests_rest,
    sum(requests_count) AS requests_count,
    sum(input_tokens_billions) AS input_tokens_billions,
    sum(input_tokens_rest) AS input_tokens_rest,
    sum(input_tokens_count) AS input_tokens_count,
    sum(output_tokens_billions) AS output_tokens_billions,
    sum(output_tokens_rest) AS output_tokens_rest,
    sum(output_tokens_count) AS output_tokens_count,
    sum(cache_write_tokens_billions) AS cache_write_tokens_billions,
    sum(cache_write_tokens_rest) AS cache_write_tokens_rest,
    sum(cache_write_tokens_count) AS cache_write_tokens_count,
    sum(cache_read_tokens_billions) AS cache_read_tokens_billions,
    sum(cache_read_tokens_rest) AS cache_read_tokens_rest,
    sum(cache_read_tokens_count) AS cache_read_tokens_count
FROM (
    SELECT
        (SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1) AS day,
        session.user_id,
        session.provider,
        coalesce(session.repo_id, 0) AS repo_id,
        usage.model,
        (1) AS session_count,
        (CASE WHEN usage.cost_usd IS NULL THEN 1 ELSE 0 END) AS unpriced_count,
        (coalesce(usage.cost_usd / 1000000000, 0)) AS cost_dollars,
        (coalesce(usage.cost_usd % 1000000000, 0)) AS cost_nanos,
        (CASE WHEN usage.cost_usd IS NOT NULL THEN 1 ELSE 0 END) AS cost_count,
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.duration_ms, 0) ELSE 0 END) AS duration_ms,
        (CASE WHEN session.analyzed_at IS NOT NULL AND session.duration_ms IS NOT NULL THEN 1 ELSE 0 END) AS duration_count,
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.assistant_ms, 0) ELSE 0 END) AS assistant_ms,
        (CASE WHEN session.analyzed_at IS NOT NULL AND session.assistant_ms IS NOT NULL THEN 1 ELSE 0 END) AS assistant_count,
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.user_ms, 0) ELSE 0 END) AS user_ms,
        (CASE WHEN session.analyzed_at IS NOT NULL AND session.user_ms IS NOT NULL THEN 1 ELSE 0 END) AS user_count,
        (coalesce(usage.requests / 1000000000, 0)) AS requests_billions,
        (coalesce(usage.requests % 1000000000, 0)) AS requests_rest,
        (CASE WHEN usage.requests IS NOT NULL THEN 1 ELSE 0 END) AS requests_count,
        (coalesce(usage.input_tokens / 1000000000, 0)) AS input_tokens_billions,
        (coalesce(usage.input_tokens % 1000000000, 0)) AS input_tokens_rest,
        (CASE WHEN usage.input_tokens IS NOT NULL THEN 1 ELSE 0 END) AS input_tokens_count,
        (coalesce(usage.output_tokens / 1000000000, 0)) AS output_tokens_billions,
        (coalesce(usage.output_tokens % 1000000000, 0)) AS output_tokens_rest,
        (CASE WHEN usage.output_tokens IS NOT NULL THEN 1 ELSE 0 END) AS output_tokens_count,
        (coalesce(usage.cache_write_tokens / 1000000000, 0)) AS cache_write_tokens_billions,
        (coalesce(usage.cache_write_tokens % 1000000000, 0)) AS cache_write_tokens_rest,
        (CASE WHEN usage.cache_write_tokens IS NOT NULL THEN 1 ELSE 0 END) AS cache_write_tokens_count,
        (coalesce(usage.cache_read_tokens / 1000000000, 0)) AS cache_read_tokens_billions,
        (coalesce(usage.cache_read_tokens % 1000000000, 0)) AS cache_read_tokens_rest,
        (CASE WHEN usage.cache_read_tokens IS NOT NULL THEN 1 ELSE 0 END) AS cache_read_tokens_count
    FROM org_analytics_codingsession session
    JOIN added usage ON usage.session_id = session.id
    WHERE session.analyzed_at IS NOT NULL
) changes
GROUP BY day, user_id, provider, repo_id, model
HAVING
    sum(session_count) <> 0
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
    OR sum(requests_billions) <> 0
    OR sum(requests_rest) <> 0
    OR sum(requests_count) <> 0
    OR sum(input_tokens_billions) <> 0
    OR sum(input_tokens_rest) <> 0
    OR sum(input_tokens_count) <> 0
    OR sum(output_tokens_billions) <> 0
    OR sum(output_tokens_rest) <> 0
    OR sum(output_tokens_count) <> 0
    OR sum(cache_write_tokens_billions) <> 0
    OR sum(cache_write_tokens_rest) <> 0
    OR sum(cache_write_tokens_count) <> 0
    OR sum(cache_read_tokens_billions) <> 0
    OR sum(cache_read_tokens_rest) <> 0
    OR sum(cache_read_tokens_count) <> 0
ORDER BY day, user_id, provider, repo_id, model
ON CONFLICT (day, user_id, provider, repo_id, model) DO UPDATE SET
    session_count = kept.session_count + excluded.session_count,
    unpriced_count = kept.unpriced_count + excluded.unpriced_count,
    cost_dollars = kept.cost_dollars + excluded.cost_dollars,
    cost_nanos = kept.cost_nanos + excluded.cost_nanos,
    cost_count = kept.cost_count + excluded.cost_count,
    duration_ms = kept.duration_ms + excluded.duration_ms,
    duration_count = kept.duration_count + excluded.duration_count,
    assistant_ms = kept.assistant_ms + excluded.assistant_ms,
    assistant_count = kept.assistant_count + excluded.assistant_count,
    user_ms = kept.user_ms + excluded.user_ms,
    user_count = kept.user_count + excluded.user_count,
    requests_billions = kept.requests_billions + excluded.requests_billions,
    requests_rest = kept.requests_rest + excluded.requests_rest,
    requests_count = kept.requests_count + excluded.requests_count,
    input_tokens_billions = kept.input_tokens_billions + excluded.input_tokens_billions,
    input_tokens_rest = kept.input_tokens_rest + excluded.input_tokens_rest,
    input_tokens_count = kept.input_tokens_count + excluded.input_tokens_count,
    output_tokens_billions = kept.output_tokens_billions + excluded.output_tokens_billions,
    output_tokens_rest = kept.output_tokens_rest + excluded.output_tokens_rest,
    output_tokens_count = kept.output_tokens_count + excluded.output_tokens_count,
    cache_write_tokens_billions = kept.cache_write_tokens_billions + excluded.cache_write_tokens_billions,
    cache_write_tokens_rest = kept.cache_write_tokens_rest + excluded.cache_write_tokens_rest,
    cache_write_tokens_count = kept.cache_write_tokens_count + excluded.cache_write_tokens_count,
    cache_read_tokens_billions = kept.cache_read_tokens_billions + excluded.cache_read_tokens_billions,
    cache_read_tokens_rest = kept.cache_read_tokens_rest + excluded.cache_read_tokens_rest,
    cache_read_tokens_count = kept.cache_read_tokens_count + excluded.cache_read_tokens_count;
RETURN NULL;
END
$body$
-- [create]
CREATE FUNCTION org_analytics_daily_model_usage_model_update() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT SET enable_seqscan TO off SET enable_hashjoin TO off SET enable_mergejoin TO off AS $body$
DECLARE emptied record;
BEGIN
PERFORM FROM org_analytics_codingsession WHERE id IN (SELECT session_id FROM added UNION SELECT session_id FROM removed) ORDER BY id FOR NO KEY UPDATE;
IF NOT FOUND THEN
    RETURN NULL;
END IF;
FOR emptied IN
    INSERT INTO org_analytics_dailymodelusage AS kept (day, user_id, provider, repo_id, model, session_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count, requests_billions, requests_rest, requests_count, input_tokens_billions, input_tokens_rest, input_tokens_count, output_tokens_billions, output_tokens_rest, output_tokens_count, cache_write_tokens_billions, cache_write_tokens_rest, cache_write_tokens_count, cache_read_tokens_billions, cache_read_tokens_rest, cache_read_tokens_count)
    SELECT
        day,
        user_id,
        provider,
        repo_id,
        model,
        sum(session_count) AS session_count,
        sum(unpriced_count) AS unpriced_count,
        sum(cost_dollars) AS cost_dollars,
        sum(cost_nanos) AS cost_nanos,
        sum(cost_count) AS cost_count,
        sum(duration_ms) AS duration_ms,
        sum(duration_count) AS duration_count,
        sum(assistant_ms) AS assistant_ms,
        sum(assistant_count) AS assistant_count,
        sum(user_ms) AS user_ms,
        sum(user_count) AS user_count,
        sum(requests_billions) AS requests_billions,
        sum(requests_rest) AS requests_rest,
        sum(requests_count) AS requests_count,
        sum(input_tokens_billions) AS input_tokens_billions,
        sum(input_tokens_rest) AS input_tokens_rest,
        sum(input_tokens_count) AS input_tokens_count,
        sum(output_tokens_billions) AS output_tokens_billions,
        sum(output_tokens_rest) AS output_tokens_rest,
        sum(output_tokens_count) AS output_tokens_count,
        sum(cache_write_tokens_billions) AS cache_write_tokens_billions,
        sum(cache_write_tokens_rest) AS cache_write_tokens_rest,
        sum(cache_write_tokens_count) AS cache_write_tokens_count,
        sum(cache_read_tokens_billions) AS cache_read_tokens_billions,
        sum(cache_read_tokens_rest) AS cache_read_tokens_rest,
        sum(cache_read_tokens_count) AS cache_read_tokens_count
    FROM (
        SELECT
            (SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1) AS day,
            session.user_id,
            session.provider,
            coalesce(session.repo_id, 0) AS repo_id,
            usage.model,
            (1) AS session_count,
            (CASE WHEN usage.cost_usd IS NULL THEN 1 ELSE 0 END) AS unpriced_count,
            (coalesce(usage.cost_usd / 1000000000, 0)) AS cost_dollars,
            (coalesce(usage.cost_usd % 1000000000, 0)) AS cost_nanos,
            (CASE WHEN usage.cost_usd IS NOT NULL THEN 1 ELSE 0 END) AS cost_count,
            (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.duration_ms, 0) ELSE 0 END) AS duration_ms,
            (CASE WHEN session.analyzed_at IS NOT NULL AND session.duration_ms IS NOT NULL THEN 1 ELSE 0 END) AS duration_count,
            (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.assistant_ms, 0) ELSE 0 END) AS assistant_ms,
            (CASE WHEN session.analyzed_at IS NOT NULL AND session.assistant_ms IS NOT NULL THEN 1 ELSE 0 END) AS assistant_count,
            (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.user_ms, 0) ELSE 0 END) AS user_ms,
            (CASE WHEN session.analyzed_at IS NOT NULL AND session.user_ms IS NOT NULL THEN 1 ELSE 0 END) AS user_count,
            (coalesce(usage.requests / 1000000000, 0)) AS requests_billions,
            (coalesce(usage.requests % 1000000000, 0)) AS requests_rest,
            (CASE WHEN usage.requests IS NOT NULL THEN 1 ELSE 0 END) AS requests_count,
            (coalesce(usage.input_tokens / 1000000000, 0)) AS input_tokens_billions,
            (coalesce(usage.input_tokens % 1000000000, 0)) AS input_tokens_rest,
            (CASE WHEN usage.input_tokens IS NOT NULL THEN 1 ELSE 0 END) AS input_tokens_count,
            (coalesce(usage.output_tokens / 1000000000, 0)) AS output_tokens_billions,
            (coalesce(usage.output_tokens % 1000000000, 0)) AS output_tokens_rest,
            (CASE WHEN usage.output_tokens IS NOT NULL THEN 1 ELSE 0 END) AS output_tokens_count,
            (coalesce(usage.cache_write_tokens / 1000000000, 0)) AS cache_write_tokens_billions,
            (coalesce(usage.cache_write_tokens % 1000000000, 0)) AS cache_write_tokens_rest,
            (CASE WHEN usage.cache_write_tokens IS NOT NULL THEN 1 ELSE 0 END) AS cache_write_tokens_count,
            (coalesce(usage.cache_read_tokens / 1000000000, 0)) AS cache_read_tokens_billions,
            (coalesce(usage.cache_read_tokens % 1000000000, 0)) AS cache_read_tokens_rest,
            (CASE WHEN usage.cache_read_tokens IS NOT NULL THEN 1 ELSE 0 END) AS cache_read_tokens_count
        FROM org_analytics_codingsession session
        JOIN added usage ON usage.session_id = session.id
        WHERE session.analyzed_at IS NOT NULL
        UNION ALL
        SELECT
            (SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1) AS day,
            session.user_id,
            session.provider,
            coalesce(session.repo_id, 0) AS repo_id,
            usage.model,
            -(1) AS session_count,
            -(CASE WHEN usage.cost_usd IS NULL THEN 1 ELSE 0 END) AS unpriced_count,
            -(coalesce(usage.cost_usd / 1000000000, 0)) AS cost_dollars,
            -(coalesce(usage.cost_usd % 1000000000, 0)) AS cost_nanos,
            -(CASE WHEN usage.cost_usd IS NOT NULL THEN 1 ELSE 0 END) AS cost_count,
            -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.duration_ms, 0) ELSE 0 END) AS duration_ms,
            -(CASE WHEN session.analyzed_at IS NOT NULL AND session.duration_ms IS NOT NULL THEN 1 ELSE 0 END) AS duration_count,
            -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.assistant_ms, 0) ELSE 0 END) AS assistant_ms,
            -(CASE WHEN session.analyzed_at IS NOT NULL AND session.assistant_ms IS NOT NULL THEN 1 ELSE 0 END) AS assistant_count,
            -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.user_ms, 0) ELSE 0 END) AS user_ms,
            -(CASE WHEN session.analyzed_at IS NOT NULL AND session.user_ms IS NOT NULL THEN 1 ELSE 0 END) AS user_count,
            -(coalesce(usage.requests / 1000000000, 0)) AS requests_billions,
            -(coalesce(usage.requests % 1000000000, 0)) AS requests_rest,
            -(CASE WHEN usage.requests IS NOT NULL THEN 1 ELSE 0 END) AS requests_count,
            -(coalesce(usage.input_tokens / 1000000000, 0)) AS input_tokens_billions,
            -(coalesce(usage.input_tokens % 1000000000, 0)) AS input_tokens_rest,
            -(CASE WHEN usage.input_tokens IS NOT NULL THEN 1 ELSE 0 END) AS input_tokens_count,
            -(coalesce(usage.output_tokens / 1000000000, 0)) AS output_tokens_billions,
            -(coalesce(usage.output_tokens % 1000000000, 0)) AS output_tokens_rest,
            -(CASE WHEN usage.output_tokens IS NOT NULL THEN 1 ELSE 0 END) AS output_tokens_count,
            -(coalesce(usage.cache_write_tokens / 1000000000, 0)) AS cache_write_tokens_billions,
            -(coalesce(usage.cache_write_tokens % 1000000000, 0)) AS cache_write_tokens_rest,
            -(CASE WHEN usage.cache_write_tokens IS NOT NULL THEN 1 ELSE 0 END) AS cache_write_tokens_count,
            -(coalesce(usage.cache_read_tokens / 1000000000, 0)) AS cache_read_tokens_billions,
            -(coalesce(usage.cache_read_tokens % 1000000000, 0)) AS cache_read_tokens_rest,
            -(CASE WHEN usage.cache_read_tokens IS NOT NULL THEN 1 ELSE 0 END) AS cache_read_tokens_count
        FROM org_analytics_codingsession session
        JOIN removed usage ON usage.session_id = session.id
        WHERE session.analyzed_at IS NOT NULL
    ) changes
    GROUP BY day, user_id, provider, repo_id, model
    HAVING
        sum(session_count) <> 0
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
        OR sum(requests_billions) <> 0
        OR sum(requests_rest) <> 0
        OR sum(requests_count) <> 0
        OR sum(input_tokens_billions) <> 0
        OR sum(input_tokens_rest) <> 0
        OR sum(input_tokens_count) <> 0
        OR sum(output_tokens_billions) <> 0
        OR sum(output_tokens_rest) <> 0
        OR sum(output_tokens_count) <> 0
        OR sum(cache_write_tokens_billions) <> 0
        OR sum(cache_write_tokens_rest) <> 0
        OR sum(cache_write_tokens_count) <> 0
        OR sum(cache_read_tokens_billions) <> 0
        OR sum(cache_read_tokens_rest) <> 0
        OR sum(cache_read_tokens_count) <> 0
    ORDER BY day, user_id, provider, repo_id, model
    ON CONFLICT (day, user_id, provider, repo_id, model) DO UPDATE SET
        session_count = kept.session_count + excluded.session_count,
        unpriced_count = kept.unpriced_count + excluded.unpriced_count,
        cost_dollars = kept.cost_dollars + excluded.cost_dollars,
        cost_nanos = kept.cost_nanos + excluded.cost_nanos,
        cost_count = kept.cost_count + excluded.cost_count,
        duration_ms = kept.duration_ms + excluded.duration_ms,
        duration_count = kept.duration_count + excluded.duration_count,
        assistant_ms = kept.assistant_ms + excluded.assistant_ms,
        assistant_count = kept.assistant_count + excluded.assistant_count,
        user_ms = kept.user_ms + excluded.user_ms,
        user_count = kept.user_count + excluded.user_count,
        requests_billions = kept.requests_billions + excluded.requests_billions,
        requests_rest = kept.requests_rest + excluded.requests_rest,
        requests_count = kept.requests_count + excluded.requests_count,
        input_tokens_billions = kept.input_tokens_billions + excluded.input_tokens_billions,
        input_tokens_rest = kept.input_tokens_rest + excluded.input_tokens_rest,
        input_tokens_count = kept.input_tokens_count + excluded.input_tokens_count,
        output_tokens_billions = kept.output_tokens_billions + excluded.output_tokens_billions,
        output_tokens_rest = kept.output_tokens_rest + excluded.output_tokens_rest,
        output_tokens_count = kept.output_tokens_count + excluded.output_tokens_count,
        cache_write_tokens_billions = kept.cache_write_tokens_billions + excluded.cache_write_tokens_billions,
        cache_write_tokens_rest = kept.cache_write_tokens_rest + excluded.cache_write_tokens_rest,
        cache_write_tokens_count = kept.cache_write_tokens_count + excluded.cache_write_tokens_count,
        cache_read_tokens_billions = kept.cache_read_tokens_billions + excluded.cache_read_tokens_billions,
        cache_read_tokens_rest = kept.cache_read_tokens_rest + excluded.cache_read_tokens_rest,
        cache_read_tokens_count = kept.cache_read_tokens_count + excluded.cache_read_tokens_count
    RETURNING kept.day, kept.user_id, kept.provider, kept.repo_id, kept.model, kept.session_count AS remaining
LOOP
    IF emptied.remaining <= 0 THEN
        DELETE FROM org_analytics_dailymodelusage WHERE day = emptied.day AND user_id = emptied.user_id AND provider = emptied.provider AND repo_id = emptied.repo_id AND model = emptied.model;
    END IF;
END LOOP;
RETURN NULL;
END
$body$
-- [create]
CREATE FUNCTION org_analytics_daily_model_usage_model_delete() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT SET enable_seqscan TO off SET enable_hashjoin TO off SET enable_mergejoin TO off AS $body$
DECLARE emptied record;
BEGIN
PERFORM FROM org_analytics_codingsession WHERE id IN (SELECT session_id FROM removed) ORDER BY id FOR NO KEY UPDATE;
IF NOT FOUND THEN
    RETURN NULL;
END IF;
FOR emptied IN
    INSERT INTO org_analytics_dailymodelusage AS kept (day, user_id, provider, repo_id, model, session_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count, requests_billions, requests_rest, requests_count, input_tokens_billions, input_tokens_rest, input_tokens_count, output_tokens_billions, output_tokens_rest, output_tokens_count, cache_write_tokens_billions, cache_write_tokens_rest, cache_write_tokens_count, cache_read_tokens_billions, cache_read_tokens_rest, cache_read_tokens_count)
    SELECT
        day,
        user_id,
        provider,
        repo_id,
        model,
        sum(session_count) AS session_count,
        sum(unpriced_count) AS unpriced_count,
        sum(cost_dollars) AS cost_dollars,
        sum(cost_nanos) AS cost_nanos,
        sum(cost_count) AS cost_count,
        sum(duration_ms) AS duration_ms,
        sum(duration_count) AS duration_count,
        sum(assistant_ms) AS assistant_ms,
        sum(assistant_count) AS assistant_count,
        sum(user_ms) AS user_ms,
        sum(user_count) AS user_count,
        sum(requests_billions) AS requests_billions,
        sum(requests_rest) AS requests_rest,
        sum(requests_count) AS requests_count,
        sum(input_tokens_billions) AS input_tokens_billions,
        sum(input_tokens_rest) AS input_tokens_rest,
        sum(input_tokens_count) AS input_tokens_count,
        sum(output_tokens_billions) AS output_tokens_billions,
        sum(output_tokens_rest) AS output_tokens_rest,
        sum(output_tokens_count) AS output_tokens_count,
        sum(cache_write_tokens_billions) AS cache_write_tokens_billions,
        sum(cache_write_tokens_rest) AS cache_write_tokens_rest,
        sum(cache_write_tokens_count) AS cache_write_tokens_count,
        sum(cache_read_tokens_billions) AS cache_read_tokens_billions,
        sum(cache_read_tokens_rest) AS cache_read_tokens_rest,
        sum(cache_read_tokens_count) AS cache_read_tokens_count
    FROM (
        SELECT
            (SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1) AS day,
            session.user_id,
            session.provider,
            coalesce(session.repo_id, 0) AS repo_id,
            usage.model,
            -(1) AS session_count,
            -(CASE WHEN usage.cost_usd IS NULL THEN 1 ELSE 0 END) AS unpriced_count,
            -(coalesce(usage.cost_usd / 1000000000, 0)) AS cost_dollars,
            -(coalesce(usage.cost_usd % 1000000000, 0)) AS cost_nanos,
            -(CASE WHEN usage.cost_usd IS NOT NULL THEN 1 ELSE 0 END) AS cost_count,
            -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.duration_ms, 0) ELSE 0 END) AS duration_ms,
            -(CASE WHEN session.analyzed_at IS NOT NULL AND session.duration_ms IS NOT NULL THEN 1 ELSE 0 END) AS duration_count,
            -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.assistant_ms, 0) ELSE 0 END) AS assistant_ms,
            -(CASE WHEN session.analyzed_at IS NOT NULL AND session.assistant_ms IS NOT NULL THEN 1 ELSE 0 END) AS assistant_count,
            -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.user_ms, 0) ELSE 0 END) AS user_ms,
            -(CASE WHEN session.analyzed_at IS NOT NULL AND session.user_ms IS NOT NULL THEN 1 ELSE 0 END) AS user_count,
            -(coalesce(usage.requests / 1000000000, 0)) AS requests_billions,
            -(coalesce(usage.requests % 1000000000, 0)) AS requests_rest,
            -(CASE WHEN usage.requests IS NOT NULL THEN 1 ELSE 0 END) AS requests_count,
            -(coalesce(usage.input_tokens / 1000000000, 0)) AS input_tokens_billions,
            -(coalesce(usage.input_tokens % 1000000000, 0)) AS input_tokens_rest,
            -(CASE WHEN usage.input_tokens IS NOT NULL THEN 1 ELSE 0 END) AS input_tokens_count,
            -(coalesce(usage.output_tokens / 1000000000, 0)) AS output_tokens_billions,
            -(coalesce(usage.output_tokens % 1000000000, 0)) AS output_tokens_rest,
            -(CASE WHEN usage.output_tokens IS NOT NULL THEN 1 ELSE 0 END) AS output_tokens_count,
            -(coalesce(usage.cache_write_tokens / 1000000000, 0)) AS cache_write_tokens_billions,
            -(coalesce(usage.cache_write_tokens % 1000000000, 0)) AS cache_write_tokens_rest,
            -(CASE WHEN usage.cache_write_tokens IS NOT NULL THEN 1 ELSE 0 END) AS cache_write_tokens_count,
            -(coalesce(usage.cache_read_tokens / 1000000000, 0)) AS cache_read_tokens_billions,
            -(coalesce(usage.cache_read_tokens % 1000000000, 0)) AS cache_read_tokens_rest,
            -(CASE WHEN usage.cache_read_tokens IS NOT NULL THEN 1 ELSE 0 END) AS cache_read_tokens_count
        FROM org_analytics_codingsession session
        JOIN removed usage ON usage.session_id = session.id
        WHERE session.analyzed_at IS NOT NULL
    ) changes
    GROUP BY day, user_id, provider, repo_id, model
    HAVING
        sum(session_count) <> 0
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
        OR sum(requests_billions) <> 0
        OR sum(requests_rest) <> 0
        OR sum(requests_count) <> 0
        OR sum(input_tokens_billions) <> 0
        OR sum(input_tokens_rest) <> 0
        OR sum(input_tokens_count) <> 0
        OR sum(output_tokens_billions) <> 0
        OR sum(output_tokens_rest) <> 0
        OR sum(output_tokens_count) <> 0
        OR sum(cache_write_tokens_billions) <> 0
        OR sum(cache_write_tokens_rest) <> 0
        OR sum(cache_write_tokens_count) <> 0
        OR sum(cache_read_tokens_billions) <> 0
        OR sum(cache_read_tokens_rest) <> 0
        OR sum(cache_read_tokens_count) <> 0
    ORDER BY day, user_id, provider, repo_id, model
    ON CONFLICT (day, user_id, provider, repo_id, model) DO UPDATE SET
        session_count = kept.session_count + excluded.session_count,
        unpriced_count = kept.unpriced_count + excluded.unpriced_count,
        cost_dollars = kept.cost_dollars + excluded.cost_dollars,
        cost_nanos = kept.cost_nanos + excluded.cost_nanos,
        cost_count = kept.cost_count + excluded.cost_count,
        duration_ms = kept.duration_ms + excluded.duration_ms,
        duration_count = kept.duration_count + excluded.duration_count,
        assistant_ms = kept.assistant_ms + excluded.assistant_ms,
        assistant_count = kept.assistant_count + excluded.assistant_count,
        user_ms = kept.user_ms + excluded.user_ms,
        user_count = kept.user_count + excluded.user_count,
        requests_billions = kept.requests_billions + excluded.requests_billions,
        requests_rest = kept.requests_rest + excluded.requests_rest,
        requests_count = kept.requests_count + excluded.requests_count,
        input_tokens_billions = kept.input_tokens_billions + excluded.input_tokens_billions,
        input_tokens_rest = kept.input_tokens_rest + excluded.input_tokens_rest,
        input_tokens_count = kept.input_tokens_count + excluded.input_tokens_count,
        output_tokens_billions = kept.output_tokens_billions + excluded.output_tokens_billions,
        output_tokens_rest = kept.output_tokens_rest + excluded.output_tokens_rest,
        output_tokens_count = kept.output_tokens_count + excluded.output_tokens_count,
        cache_write_tokens_billions = kept.cache_write_tokens_billions + excluded.cache_write_tokens_billions,
        cache_write_tokens_rest = kept.cache_write_tokens_rest + excluded.cache_write_tokens_rest,
        cache_write_tokens_count = kept.cache_write_tokens_count + excluded.cache_write_tokens_count,
        cache_read_tokens_billions = kept.cache_read_tokens_billions + excluded.cache_read_tokens_billions,
        cache_read_tokens_rest = kept.cache_read_tokens_rest + excluded.cache_read_tokens_rest,
        cache_read_tokens_count = kept.cache_read_tokens_count + excluded.cache_read_tokens_count
    RETURNING kept.day, kept.user_id, kept.provider, kept.repo_id, kept.model, kept.session_count AS remaining
LOOP
    IF emptied.remaining <= 0 THEN
        DELETE FROM org_analytics_dailymodelusage WHERE day = emptied.day AND user_id = emptied.user_id AND provider = emptied.provider AND repo_id = emptied.repo_id AND model = emptied.model;
    END IF;
END LOOP;
RETURN NULL;
END
$body$
-- [create]
CREATE FUNCTION org_analytics_daily_model_usage_model_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT SET enable_seqscan TO off SET enable_hashjoin TO off SET enable_mergejoin TO off AS $body$
BEGIN
DELETE FROM org_analytics_dailymodelusage;
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
-- [create]
CREATE TRIGGER org_analytics_ten_day_usage_insert AFTER INSERT ON org_analytics_codingsession REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION org_analytics_ten_day_usage_insert()
-- [create]
CREATE TRIGGER org_analytics_ten_day_usage_update AFTER UPDATE ON org_analytics_codingsession REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION org_analytics_ten_day_usage_update()
-- [create]
CREATE TRIGGER org_analytics_ten_day_usage_delete AFTER DELETE ON org_analytics_codingsession REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION org_analytics_ten_day_usage_delete()
-- [create]
CREATE TRIGGER org_analytics_ten_day_usage_truncate AFTER TRUNCATE ON org_analytics_codingsession FOR EACH STATEMENT EXECUTE FUNCTION org_analytics_ten_day_usage_truncate()
-- [create]
CREATE TRIGGER org_analytics_daily_model_usage_session_insert AFTER INSERT ON org_analytics_codingsession REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION org_analytics_daily_model_usage_session_insert()
-- [create]
CREATE TRIGGER org_analytics_daily_model_usage_session_update AFTER UPDATE ON org_analytics_codingsession REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION org_analytics_daily_model_usage_session_update()
-- [create]
CREATE TRIGGER org_analytics_daily_model_usage_session_delete AFTER DELETE ON org_analytics_codingsession REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION org_analytics_daily_model_usage_session_delete()
-- [create]
CREATE TRIGGER org_analytics_daily_model_usage_model_insert AFTER INSERT ON org_analytics_modelusage REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION org_analytics_daily_model_usage_model_insert()
-- [create]
CREATE TRIGGER org_analytics_daily_model_usage_model_update AFTER UPDATE ON org_analytics_modelusage REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION org_analytics_daily_model_usage_model_update()
-- [create]
CREATE TRIGGER org_analytics_daily_model_usage_model_delete AFTER DELETE ON org_analytics_modelusage REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION org_analytics_daily_model_usage_model_delete()
-- [create]
CREATE TRIGGER org_analytics_daily_model_usage_model_truncate AFTER TRUNCATE ON org_analytics_modelusage FOR EACH STATEMENT EXECUTE FUNCTION org_analytics_daily_model_usage_model_truncate()
-- [drop]
DROP AGGREGATE IF EXISTS org_analytics_sum(bigint)
-- [drop]
DROP FUNCTION IF EXISTS org_analytics_daily_usage_insert() CASCADE
-- [drop]
DROP FUNCTION IF EXISTS org_analytics_daily_usage_update() CASCADE
-- [drop]
DROP FUNCTION IF EXISTS org_analytics_daily_usage_delete() CASCADE
-- [drop]
DROP FUNCTION IF EXISTS org_analytics_daily_usage_truncate() CASCADE
-- [drop]
DROP FUNCTION IF EXISTS org_analytics_ten_day_usage_insert() CASCADE
-- [drop]
DROP FUNCTION IF EXISTS org_analytics_ten_day_usage_update() CASCADE
-- [drop]
DROP FUNCTION IF EXISTS org_analytics_ten_day_usage_delete() CASCADE
-- [drop]
DROP FUNCTION IF EXISTS org_analytics_ten_day_usage_truncate() CASCADE
-- [drop]
DROP FUNCTION IF EXISTS org_analytics_daily_model_usage_session_insert() CASCADE
-- [drop]
DROP FUNCTION IF EXISTS org_analytics_daily_model_usage_session_update() CASCADE
-- [drop]
DROP FUNCTION IF EXISTS org_analytics_daily_model_usage_session_delete() CASCADE
-- [drop]
DROP FUNCTION IF EXISTS org_analytics_daily_model_usage_model_insert() CASCADE
-- [drop]
DROP FUNCTION IF EXISTS org_analytics_daily_model_usage_model_update() CASCADE
-- [drop]
DROP FUNCTION IF EXISTS org_analytics_daily_model_usage_model_delete() CASCADE
-- [drop]
DROP FUNCTION IF EXISTS org_analytics_daily_model_usage_model_truncate() CASCADE
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
-- [sum]
INSERT INTO org_analytics_dailymodelusage (day, user_id, provider, repo_id, model, session_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count, requests_billions, requests_rest, requests_count, input_tokens_billions, input_tokens_rest, input_tokens_count, output_tokens_billions, output_tokens_rest, output_tokens_count, cache_write_tokens_billions, cache_write_tokens_rest, cache_write_tokens_count, cache_read_tokens_billions, cache_read_tokens_rest, cache_read_tokens_count)
SELECT
    day,
    user_id,
    provider,
    repo_id,
    model,
    sum(session_count) AS session_count,
    sum(unpriced_count) AS unpriced_count,
    sum(cost_dollars) AS cost_dollars,
    sum(cost_nanos) AS cost_nanos,
    sum(cost_count) AS cost_count,
    sum(duration_ms) AS duration_ms,
    sum(duration_count) AS duration_count,
    sum(assistant_ms) AS assistant_ms,
    sum(assistant_count) AS assistant_count,
    sum(user_ms) AS user_ms,
    sum(user_count) AS user_count,
    sum(requests_billions) AS requests_billions,
    sum(requests_rest) AS requests_rest,
    sum(requests_count) AS requests_count,
    sum(input_tokens_billions) AS input_tokens_billions,
    sum(input_tokens_rest) AS input_tokens_rest,
    sum(input_tokens_count) AS input_tokens_count,
    sum(output_tokens_billions) AS output_tokens_billions,
    sum(output_tokens_rest) AS output_tokens_rest,
    sum(output_tokens_count) AS output_tokens_count,
    sum(cache_write_tokens_billions) AS cache_write_tokens_billions,
    sum(cache_write_tokens_rest) AS cache_write_tokens_rest,
    sum(cache_write_tokens_count) AS cache_write_tokens_count,
    sum(cache_read_tokens_billions) AS cache_read_tokens_billions,
    sum(cache_read_tokens_rest) AS cache_read_tokens_rest,
    sum(cache_read_tokens_count) AS cache_read_tokens_count
FROM (
    SELECT
        (SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1) AS day,
        session.user_id,
        session.provider,
        coalesce(session.repo_id, 0) AS repo_id,
        usage.model,
        (1) AS session_count,
        (CASE WHEN usage.cost_usd IS NULL THEN 1 ELSE 0 END) AS unpriced_count,
        (coalesce(usage.cost_usd / 1000000000, 0)) AS cost_dollars,
        (coalesce(usage.cost_usd % 1000000000, 0)) AS cost_nanos,
        (CASE WHEN usage.cost_usd IS NOT NULL THEN 1 ELSE 0 END) AS cost_count,
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.duration_ms, 0) ELSE 0 END) AS duration_ms,
        (CASE WHEN session.analyzed_at IS NOT NULL AND session.duration_ms IS NOT NULL THEN 1 ELSE 0 END) AS duration_count,
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.assistant_ms, 0) ELSE 0 END) AS assistant_ms,
        (CASE WHEN session.analyzed_at IS NOT NULL AND session.assistant_ms IS NOT NULL THEN 1 ELSE 0 END) AS assistant_count,
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.user_ms, 0) ELSE 0 END) AS user_ms,
        (CASE WHEN session.analyzed_at IS NOT NULL AND session.user_ms IS NOT NULL THEN 1 ELSE 0 END) AS user_count,
        (coalesce(usage.requests / 1000000000, 0)) AS requests_billions,
        (coalesce(usage.requests % 1000000000, 0)) AS requests_rest,
        (CASE WHEN usage.requests IS NOT NULL THEN 1 ELSE 0 END) AS requests_count,
        (coalesce(usage.input_tokens / 1000000000, 0)) AS input_tokens_billions,
        (coalesce(usage.input_tokens % 1000000000, 0)) AS input_tokens_rest,
        (CASE WHEN usage.input_tokens IS NOT NULL THEN 1 ELSE 0 END) AS input_tokens_count,
        (coalesce(usage.output_tokens / 1000000000, 0)) AS output_tokens_billions,
        (coalesce(usage.output_tokens % 1000000000, 0)) AS output_tokens_rest,
        (CASE WHEN usage.output_tokens IS NOT NULL THEN 1 ELSE 0 END) AS output_tokens_count,
        (coalesce(usage.cache_write_tokens / 1000000000, 0)) AS cache_write_tokens_billions,
        (coalesce(usage.cache_write_tokens % 1000000000, 0)) AS cache_write_tokens_rest,
        (CASE WHEN usage.cache_write_tokens IS NOT NULL THEN 1 ELSE 0 END) AS cache_write_tokens_count,
        (coalesce(usage.cache_read_tokens / 1000000000, 0)) AS cache_read_tokens_billions,
        (coalesce(usage.cache_read_tokens % 1000000000, 0)) AS cache_read_tokens_rest,
        (CASE WHEN usage.cache_read_tokens IS NOT NULL THEN 1 ELSE 0 END) AS cache_read_tokens_count
    FROM org_analytics_codingsession session
    JOIN org_analytics_modelusage usage ON usage.session_id = session.id
    WHERE session.analyzed_at IS NOT NULL
) changes
GROUP BY day, user_id, provider, repo_id, model
-- [sum]
INSERT INTO org_analytics_tendayusage (ten_days, user_id, provider, session_count, pending_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count)
SELECT
    ten_days,
    user_id,
    provider,
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
        (to_char((SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1), 'YYYYMMDD')::integer - 1) / 10 AS ten_days,
        session.user_id,
        session.provider,
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
GROUP BY ten_days, user_id, provider
