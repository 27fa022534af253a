-- Frozen. To change it, add a version: see CONTRIBUTING.
-- [create]
CREATE TRIGGER org_analytics_daily_usage_insert AFTER INSERT ON org_analytics_codingsession
BEGIN
    INSERT INTO org_analytics_dailyusage (day, user_id, provider, repo_id, session_count, pending_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count)
    VALUES (
        (SELECT day FROM org_analytics_reportingday WHERE starts_at <= NEW.started_at ORDER BY starts_at DESC LIMIT 1),
        NEW.user_id,
        NEW.provider,
        coalesce(NEW.repo_id, 0),
        CASE WHEN NEW.analyzed_at IS NOT NULL THEN 1 ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NULL THEN 1 ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NOT NULL AND (NEW.cost_usd IS NULL OR NOT NEW.cost_complete) THEN 1 ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.cost_usd / 1000000000, 0) ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.cost_usd % 1000000000, 0) ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.cost_usd IS NOT NULL THEN 1 ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.duration_ms, 0) ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.duration_ms IS NOT NULL THEN 1 ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.assistant_ms, 0) ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.assistant_ms IS NOT NULL THEN 1 ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.user_ms, 0) ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.user_ms IS NOT NULL THEN 1 ELSE 0 END
    )
    ON CONFLICT (day, user_id, provider, repo_id) DO UPDATE SET
        session_count = session_count + excluded.session_count,
        pending_count = pending_count + excluded.pending_count,
        unpriced_count = unpriced_count + excluded.unpriced_count,
        cost_dollars = cost_dollars + excluded.cost_dollars,
        cost_nanos = cost_nanos + excluded.cost_nanos,
        cost_count = cost_count + excluded.cost_count,
        duration_ms = duration_ms + excluded.duration_ms,
        duration_count = duration_count + excluded.duration_count,
        assistant_ms = assistant_ms + excluded.assistant_ms,
        assistant_count = assistant_count + excluded.assistant_count,
        user_ms = user_ms + excluded.user_ms,
        user_count = user_count + excluded.user_count;
END
-- [create]
CREATE TRIGGER org_analytics_daily_usage_update AFTER UPDATE ON org_analytics_codingsession
WHEN
    OLD.started_at IS NOT NEW.started_at
    OR OLD.user_id IS NOT NEW.user_id
    OR OLD.provider IS NOT NEW.provider
    OR OLD.repo_id IS NOT NEW.repo_id
    OR OLD.cost_usd IS NOT NEW.cost_usd
    OR OLD.cost_complete IS NOT NEW.cost_complete
    OR OLD.duration_ms IS NOT NEW.duration_ms
    OR OLD.assistant_ms IS NOT NEW.assistant_ms
    OR OLD.user_ms IS NOT NEW.user_ms
    OR OLD.analyzed_at IS NOT NEW.analyzed_at
BEGIN
    UPDATE org_analytics_dailyusage SET
        session_count = session_count - (CASE WHEN OLD.analyzed_at IS NOT NULL THEN 1 ELSE 0 END),
        pending_count = pending_count - (CASE WHEN OLD.analyzed_at IS NULL THEN 1 ELSE 0 END),
        unpriced_count = unpriced_count - (CASE WHEN OLD.analyzed_at IS NOT NULL AND (OLD.cost_usd IS NULL OR NOT OLD.cost_complete) THEN 1 ELSE 0 END),
        cost_dollars = cost_dollars - (CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.cost_usd / 1000000000, 0) ELSE 0 END),
        cost_nanos = cost_nanos - (CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.cost_usd % 1000000000, 0) ELSE 0 END),
        cost_count = cost_count - (CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.cost_usd IS NOT NULL THEN 1 ELSE 0 END),
        duration_ms = duration_ms - (CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.duration_ms, 0) ELSE 0 END),
        duration_count = duration_count - (CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.duration_ms IS NOT NULL THEN 1 ELSE 0 END),
        assistant_ms = assistant_ms - (CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.assistant_ms, 0) ELSE 0 END),
        assistant_count = assistant_count - (CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.assistant_ms IS NOT NULL THEN 1 ELSE 0 END),
        user_ms = user_ms - (CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.user_ms, 0) ELSE 0 END),
        user_count = user_count - (CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.user_ms IS NOT NULL THEN 1 ELSE 0 END)
    WHERE day = (SELECT day FROM org_analytics_reportingday WHERE starts_at <= OLD.started_at ORDER BY starts_at DESC LIMIT 1)
    AND user_id = OLD.user_id
    AND provider = OLD.provider
    AND repo_id = coalesce(OLD.repo_id, 0);
    INSERT INTO org_analytics_dailyusage (day, user_id, provider, repo_id, session_count, pending_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count)
    VALUES (
        (SELECT day FROM org_analytics_reportingday WHERE starts_at <= NEW.started_at ORDER BY starts_at DESC LIMIT 1),
        NEW.user_id,
        NEW.provider,
        coalesce(NEW.repo_id, 0),
        CASE WHEN NEW.analyzed_at IS NOT NULL THEN 1 ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NULL THEN 1 ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NOT NULL AND (NEW.cost_usd IS NULL OR NOT NEW.cost_complete) THEN 1 ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.cost_usd / 1000000000, 0) ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.cost_usd % 1000000000, 0) ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.cost_usd IS NOT NULL THEN 1 ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.duration_ms, 0) ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.duration_ms IS NOT NULL THEN 1 ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.assistant_ms, 0) ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.assistant_ms IS NOT NULL THEN 1 ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.user_ms, 0) ELSE 0 END,
        CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.user_ms IS NOT NULL THEN 1 ELSE 0 END
    )
    ON CONFLICT (day, user_id, provider, repo_id) DO UPDATE SET
        session_count = session_count + excluded.session_count,
        pending_count = pending_count + excluded.pending_count,
        unpriced_count = unpriced_count + excluded.unpriced_count,
        cost_dollars = cost_dollars + excluded.cost_dollars,
        cost_nanos = cost_nanos + excluded.cost_nanos,
        cost_count = cost_count + excluded.cost_count,
        duration_ms = duration_ms + excluded.duration_ms,
        duration_count = duration_count + excluded.duration_count,
        assistant_ms = assistant_ms + excluded.assistant_ms,
        assistant_count = assistant_count + excluded.assistant_count,
        user_ms = user_ms + excluded.user_ms,
        user_count = user_count + excluded.user_count;
    DELETE FROM org_analytics_dailyusage WHERE day = (SELECT day FROM org_analytics_reportingday WHERE starts_at <= OLD.started_at ORDER BY starts_at DESC LIMIT 1)
    AND user_id = OLD.user_id
    AND provider = OLD.provider
    AND repo_id = coalesce(OLD.repo_id, 0) AND session_count + pending_count <= 0;
END
-- [create]
CREATE TRIGGER org_analytics_daily_usage_delete AFTER DELETE ON org_analytics_codingsession
BEGIN
    UPDATE org_analytics_dailyusage SET
        session_count = session_count - (CASE WHEN OLD.analyzed_at IS NOT NULL THEN 1 ELSE 0 END),
        pending_count = pending_count - (CASE WHEN OLD.analyzed_at IS NULL THEN 1 ELSE 0 END),
        unpriced_count = unpriced_count - (CASE WHEN OLD.analyzed_at IS NOT NULL AND (OLD.cost_usd IS NULL OR NOT OLD.cost_complete) THEN 1 ELSE 0 END),
        cost_dollars = cost_dollars - (CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.cost_usd / 1000000000, 0) ELSE 0 END),
        cost_nanos = cost_nanos - (CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.cost_usd % 1000000000, 0) ELSE 0 END),
        cost_count = cost_count - (CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.cost_usd IS NOT NULL THEN 1 ELSE 0 END),
        duration_ms = duration_ms - (CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.duration_ms, 0) ELSE 0 END),
        duration_count = duration_count - (CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.duration_ms IS NOT NULL THEN 1 ELSE 0 END),
        assistant_ms = assistant_ms - (CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.assistant_ms, 0) ELSE 0 END),
        assistant_count = assistant_count - (CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.assistant_ms IS NOT NULL THEN 1 ELSE 0 END),
        user_ms = user_ms - (CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.user_ms, 0) ELSE 0 END),
        user_count = user_count - (CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.user_ms IS NOT NULL THEN 1 ELSE 0 END)
    WHERE day = (SELECT day FROM org_analytics_reportingday WHERE starts_at <= OLD.started_at ORDER BY starts_at DESC LIMIT 1)
    AND user_id = OLD.user_id
    AND provider = OLD.provider
    AND repo_id = coalesce(OLD.repo_id, 0);
    DELETE FROM org_analytics_dailyusage WHERE day = (SELECT day FROM org_analytics_reportingday WHERE starts_at <= OLD.started_at ORDER BY starts_at DESC LIMIT 1)
    AND user_id = OLD.user_id
    AND provider = OLD.provider
    AND repo_id = coalesce(OLD.repo_id, 0) AND session_count + pending_count <= 0;
END
-- [drop]
DROP TRIGGER IF EXISTS org_analytics_daily_usage_insert
-- [drop]
DROP TRIGGER IF EXISTS org_analytics_daily_usage_update
-- [drop]
DROP TRIGGER IF EXISTS org_analytics_daily_usage_delete
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
