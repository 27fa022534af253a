-- Frozen. To change it, add a version: see CONTRIBUTING.
-- [create]
CREATE TRIGGER org_analytics_daily_usage_insert AFTER INSERT ON org_analytics_codingsession
BEGIN
    INSERT INTO org_analytics_dailyusage (day, user_id, provider, repo_id, session_count, pending_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count)
    SELECT
        (SELECT day FROM org_analytics_reportingday WHERE starts_at <= NEW.started_at ORDER BY starts_at DESC LIMIT 1),
        NEW.user_id,
        NEW.provider,
        coalesce(NEW.repo_id, 0),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND (NEW.cost_usd IS NULL OR NOT NEW.cost_complete) THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.cost_usd / 1000000000, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.cost_usd % 1000000000, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.cost_usd IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.duration_ms, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.duration_ms IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.assistant_ms, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.assistant_ms IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.user_ms, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.user_ms IS NOT NULL THEN 1 ELSE 0 END)
    WHERE true
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
    INSERT INTO org_analytics_dailyusage (day, user_id, provider, repo_id, session_count, pending_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count)
    SELECT
        (SELECT day FROM org_analytics_reportingday WHERE starts_at <= NEW.started_at ORDER BY starts_at DESC LIMIT 1),
        NEW.user_id,
        NEW.provider,
        coalesce(NEW.repo_id, 0),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND (NEW.cost_usd IS NULL OR NOT NEW.cost_complete) THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.cost_usd / 1000000000, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.cost_usd % 1000000000, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.cost_usd IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.duration_ms, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.duration_ms IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.assistant_ms, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.assistant_ms IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.user_ms, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.user_ms IS NOT NULL THEN 1 ELSE 0 END)
    WHERE true
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
    INSERT INTO org_analytics_dailyusage (day, user_id, provider, repo_id, session_count, pending_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count)
    SELECT
        (SELECT day FROM org_analytics_reportingday WHERE starts_at <= OLD.started_at ORDER BY starts_at DESC LIMIT 1),
        OLD.user_id,
        OLD.provider,
        coalesce(OLD.repo_id, 0),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND (OLD.cost_usd IS NULL OR NOT OLD.cost_complete) THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.cost_usd / 1000000000, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.cost_usd % 1000000000, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.cost_usd IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.duration_ms, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.duration_ms IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.assistant_ms, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.assistant_ms IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.user_ms, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.user_ms IS NOT NULL THEN 1 ELSE 0 END)
    WHERE true
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
    DELETE FROM org_analytics_dailyusage WHERE session_count + pending_count <= 0
    AND (day, user_id, provider, repo_id) IN (
        SELECT
            (SELECT day FROM org_analytics_reportingday WHERE starts_at <= OLD.started_at ORDER BY starts_at DESC LIMIT 1),
            OLD.user_id,
            OLD.provider,
            coalesce(OLD.repo_id, 0)
        WHERE true
    );
END
-- [create]
CREATE TRIGGER org_analytics_daily_usage_delete BEFORE DELETE ON org_analytics_codingsession
BEGIN
    INSERT INTO org_analytics_dailyusage (day, user_id, provider, repo_id, session_count, pending_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count)
    SELECT
        (SELECT day FROM org_analytics_reportingday WHERE starts_at <= OLD.started_at ORDER BY starts_at DESC LIMIT 1),
        OLD.user_id,
        OLD.provider,
        coalesce(OLD.repo_id, 0),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND (OLD.cost_usd IS NULL OR NOT OLD.cost_complete) THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.cost_usd / 1000000000, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.cost_usd % 1000000000, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.cost_usd IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.duration_ms, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.duration_ms IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.assistant_ms, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.assistant_ms IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.user_ms, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.user_ms IS NOT NULL THEN 1 ELSE 0 END)
    WHERE true
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
    DELETE FROM org_analytics_dailyusage WHERE session_count + pending_count <= 0
    AND (day, user_id, provider, repo_id) IN (
        SELECT
            (SELECT day FROM org_analytics_reportingday WHERE starts_at <= OLD.started_at ORDER BY starts_at DESC LIMIT 1),
            OLD.user_id,
            OLD.provider,
            coalesce(OLD.repo_id, 0)
        WHERE true
    );
END
-- [create]
CREATE TRIGGER org_analytics_ten_day_usage_insert AFTER INSERT ON org_analytics_codingsession
BEGIN
    INSERT INTO org_analytics_tendayusage (ten_days, user_id, provider, session_count, pending_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count)
    SELECT
        (CAST(strftime('%Y%m%d', (SELECT day FROM org_analytics_reportingday WHERE starts_at <= NEW.started_at ORDER BY starts_at DESC LIMIT 1)) AS integer) - 1) / 10,
        NEW.user_id,
        NEW.provider,
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND (NEW.cost_usd IS NULL OR NOT NEW.cost_complete) THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.cost_usd / 1000000000, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.cost_usd % 1000000000, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.cost_usd IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.duration_ms, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.duration_ms IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.assistant_ms, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.assistant_ms IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.user_ms, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.user_ms IS NOT NULL THEN 1 ELSE 0 END)
    WHERE true
    ON CONFLICT (ten_days, user_id, provider) DO UPDATE SET
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
CREATE TRIGGER org_analytics_ten_day_usage_update AFTER UPDATE ON org_analytics_codingsession
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
    INSERT INTO org_analytics_tendayusage (ten_days, user_id, provider, session_count, pending_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count)
    SELECT
        (CAST(strftime('%Y%m%d', (SELECT day FROM org_analytics_reportingday WHERE starts_at <= NEW.started_at ORDER BY starts_at DESC LIMIT 1)) AS integer) - 1) / 10,
        NEW.user_id,
        NEW.provider,
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND (NEW.cost_usd IS NULL OR NOT NEW.cost_complete) THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.cost_usd / 1000000000, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.cost_usd % 1000000000, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.cost_usd IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.duration_ms, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.duration_ms IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.assistant_ms, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.assistant_ms IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.user_ms, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.user_ms IS NOT NULL THEN 1 ELSE 0 END)
    WHERE true
    ON CONFLICT (ten_days, user_id, provider) DO UPDATE SET
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
    INSERT INTO org_analytics_tendayusage (ten_days, user_id, provider, session_count, pending_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count)
    SELECT
        (CAST(strftime('%Y%m%d', (SELECT day FROM org_analytics_reportingday WHERE starts_at <= OLD.started_at ORDER BY starts_at DESC LIMIT 1)) AS integer) - 1) / 10,
        OLD.user_id,
        OLD.provider,
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND (OLD.cost_usd IS NULL OR NOT OLD.cost_complete) THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.cost_usd / 1000000000, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.cost_usd % 1000000000, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.cost_usd IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.duration_ms, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.duration_ms IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.assistant_ms, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.assistant_ms IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.user_ms, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.user_ms IS NOT NULL THEN 1 ELSE 0 END)
    WHERE true
    ON CONFLICT (ten_days, user_id, provider) DO UPDATE SET
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
    DELETE FROM org_analytics_tendayusage WHERE session_count + pending_count <= 0
    AND (ten_days, user_id, provider) IN (
        SELECT
            (CAST(strftime('%Y%m%d', (SELECT day FROM org_analytics_reportingday WHERE starts_at <= OLD.started_at ORDER BY starts_at DESC LIMIT 1)) AS integer) - 1) / 10,
            OLD.user_id,
            OLD.provider
        WHERE true
    );
END
-- [create]
CREATE TRIGGER org_analytics_ten_day_usage_delete BEFORE DELETE ON org_analytics_codingsession
BEGIN
    INSERT INTO org_analytics_tendayusage (ten_days, user_id, provider, session_count, pending_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count)
    SELECT
        (CAST(strftime('%Y%m%d', (SELECT day FROM org_analytics_reportingday WHERE starts_at <= OLD.started_at ORDER BY starts_at DESC LIMIT 1)) AS integer) - 1) / 10,
        OLD.user_id,
        OLD.provider,
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND (OLD.cost_usd IS NULL OR NOT OLD.cost_complete) THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.cost_usd / 1000000000, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.cost_usd % 1000000000, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.cost_usd IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.duration_ms, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.duration_ms IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.assistant_ms, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.assistant_ms IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.user_ms, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.user_ms IS NOT NULL THEN 1 ELSE 0 END)
    WHERE true
    ON CONFLICT (ten_days, user_id, provider) DO UPDATE SET
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
    DELETE FROM org_analytics_tendayusage WHERE session_count + pending_count <= 0
    AND (ten_days, user_id, provider) IN (
        SELECT
            (CAST(strftime('%Y%m%d', (SELECT day FROM org_analytics_reportingday WHERE starts_at <= OLD.started_at ORDER BY starts_at DESC LIMIT 1)) AS integer) - 1) / 10,
            OLD.user_id,
            OLD.provider
        WHERE true
    );
END
-- [create]
CREATE TRIGGER org_analytics_daily_model_usage_session_insert AFTER INSERT ON org_analytics_codingsession
BEGIN
    INSERT INTO org_analytics_dailymodelusage (day, user_id, provider, repo_id, model, session_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count, requests_billions, requests_rest, requests_count, input_tokens_billions, input_tokens_rest, input_tokens_count, output_tokens_billions, output_tokens_rest, output_tokens_count, cache_write_tokens_billions, cache_write_tokens_rest, cache_write_tokens_count, cache_read_tokens_billions, cache_read_tokens_rest, cache_read_tokens_count)
    SELECT
        (SELECT day FROM org_analytics_reportingday WHERE starts_at <= NEW.started_at ORDER BY starts_at DESC LIMIT 1),
        NEW.user_id,
        NEW.provider,
        coalesce(NEW.repo_id, 0),
        usage.model,
        (1),
        (CASE WHEN usage.cost_usd IS NULL THEN 1 ELSE 0 END),
        (coalesce(usage.cost_usd / 1000000000, 0)),
        (coalesce(usage.cost_usd % 1000000000, 0)),
        (CASE WHEN usage.cost_usd IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.duration_ms, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.duration_ms IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.assistant_ms, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.assistant_ms IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.user_ms, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.user_ms IS NOT NULL THEN 1 ELSE 0 END),
        (coalesce(usage.requests / 1000000000, 0)),
        (coalesce(usage.requests % 1000000000, 0)),
        (CASE WHEN usage.requests IS NOT NULL THEN 1 ELSE 0 END),
        (coalesce(usage.input_tokens / 1000000000, 0)),
        (coalesce(usage.input_tokens % 1000000000, 0)),
        (CASE WHEN usage.input_tokens IS NOT NULL THEN 1 ELSE 0 END),
        (coalesce(usage.output_tokens / 1000000000, 0)),
        (coalesce(usage.output_tokens % 1000000000, 0)),
        (CASE WHEN usage.output_tokens IS NOT NULL THEN 1 ELSE 0 END),
        (coalesce(usage.cache_write_tokens / 1000000000, 0)),
        (coalesce(usage.cache_write_tokens % 1000000000, 0)),
        (CASE WHEN usage.cache_write_tokens IS NOT NULL THEN 1 ELSE 0 END),
        (coalesce(usage.cache_read_tokens / 1000000000, 0)),
        (coalesce(usage.cache_read_tokens % 1000000000, 0)),
        (CASE WHEN usage.cache_read_tokens IS NOT NULL THEN 1 ELSE 0 END)
    FROM org_analytics_modelusage usage WHERE usage.session_id = NEW.id AND NEW.analyzed_at IS NOT NULL
    ON CONFLICT (day, user_id, provider, repo_id, model) DO UPDATE SET
        session_count = session_count + excluded.session_count,
        unpriced_count = unpriced_count + excluded.unpriced_count,
        cost_dollars = cost_dollars + excluded.cost_dollars,
        cost_nanos = cost_nanos + excluded.cost_nanos,
        cost_count = cost_count + excluded.cost_count,
        duration_ms = duration_ms + excluded.duration_ms,
        duration_count = duration_count + excluded.duration_count,
        assistant_ms = assistant_ms + excluded.assistant_ms,
        assistant_count = assistant_count + excluded.assistant_count,
        user_ms = user_ms + excluded.user_ms,
        user_count = user_count + excluded.user_count,
        requests_billions = requests_billions + excluded.requests_billions,
        requests_rest = requests_rest + excluded.requests_rest,
        requests_count = requests_count + excluded.requests_count,
        input_tokens_billions = input_tokens_billions + excluded.input_tokens_billions,
        input_tokens_rest = input_tokens_rest + excluded.input_tokens_rest,
        input_tokens_count = input_tokens_count + excluded.input_tokens_count,
        output_tokens_billions = output_tokens_billions + excluded.output_tokens_billions,
        output_tokens_rest = output_tokens_rest + excluded.output_tokens_rest,
        output_tokens_count = output_tokens_count + excluded.output_tokens_count,
        cache_write_tokens_billions = cache_write_tokens_billions + excluded.cache_write_tokens_billions,
        cache_write_tokens_rest = cache_write_tokens_rest + excluded.cache_write_tokens_rest,
        cache_write_tokens_count = cache_write_tokens_count + excluded.cache_write_tokens_count,
        cache_read_tokens_billions = cache_read_tokens_billions + excluded.cache_read_tokens_billions,
        cache_read_tokens_rest = cache_read_tokens_rest + excluded.cache_read_tokens_rest,
        cache_read_tokens_count = cache_read_tokens_count + excluded.cache_read_tokens_count;
END
-- [create]
CREATE TRIGGER org_analytics_daily_model_usage_session_update AFTER UPDATE ON org_analytics_codingsession
WHEN
    OLD.id IS NOT NEW.id
    OR OLD.started_at IS NOT NEW.started_at
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
    INSERT INTO org_analytics_dailymodelusage (day, user_id, provider, repo_id, model, session_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count, requests_billions, requests_rest, requests_count, input_tokens_billions, input_tokens_rest, input_tokens_count, output_tokens_billions, output_tokens_rest, output_tokens_count, cache_write_tokens_billions, cache_write_tokens_rest, cache_write_tokens_count, cache_read_tokens_billions, cache_read_tokens_rest, cache_read_tokens_count)
    SELECT
        (SELECT day FROM org_analytics_reportingday WHERE starts_at <= NEW.started_at ORDER BY starts_at DESC LIMIT 1),
        NEW.user_id,
        NEW.provider,
        coalesce(NEW.repo_id, 0),
        usage.model,
        (1),
        (CASE WHEN usage.cost_usd IS NULL THEN 1 ELSE 0 END),
        (coalesce(usage.cost_usd / 1000000000, 0)),
        (coalesce(usage.cost_usd % 1000000000, 0)),
        (CASE WHEN usage.cost_usd IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.duration_ms, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.duration_ms IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.assistant_ms, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.assistant_ms IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL THEN coalesce(NEW.user_ms, 0) ELSE 0 END),
        (CASE WHEN NEW.analyzed_at IS NOT NULL AND NEW.user_ms IS NOT NULL THEN 1 ELSE 0 END),
        (coalesce(usage.requests / 1000000000, 0)),
        (coalesce(usage.requests % 1000000000, 0)),
        (CASE WHEN usage.requests IS NOT NULL THEN 1 ELSE 0 END),
        (coalesce(usage.input_tokens / 1000000000, 0)),
        (coalesce(usage.input_tokens % 1000000000, 0)),
        (CASE WHEN usage.input_tokens IS NOT NULL THEN 1 ELSE 0 END),
        (coalesce(usage.output_tokens / 1000000000, 0)),
        (coalesce(usage.output_tokens % 1000000000, 0)),
        (CASE WHEN usage.output_tokens IS NOT NULL THEN 1 ELSE 0 END),
        (coalesce(usage.cache_write_tokens / 1000000000, 0)),
        (coalesce(usage.cache_write_tokens % 1000000000, 0)),
        (CASE WHEN usage.cache_write_tokens IS NOT NULL THEN 1 ELSE 0 END),
        (coalesce(usage.cache_read_tokens / 1000000000, 0)),
        (coalesce(usage.cache_read_tokens % 1000000000, 0)),
        (CASE WHEN usage.cache_read_tokens IS NOT NULL THEN 1 ELSE 0 END)
    FROM org_analytics_modelusage usage WHERE usage.session_id = NEW.id AND NEW.analyzed_at IS NOT NULL
    ON CONFLICT (day, user_id, provider, repo_id, model) DO UPDATE SET
        session_count = session_count + excluded.session_count,
        unpriced_count = unpriced_count + excluded.unpriced_count,
        cost_dollars = cost_dollars + excluded.cost_dollars,
        cost_nanos = cost_nanos + excluded.cost_nanos,
        cost_count = cost_count + excluded.cost_count,
        duration_ms = duration_ms + excluded.duration_ms,
        duration_count = duration_count + excluded.duration_count,
        assistant_ms = assistant_ms + excluded.assistant_ms,
        assistant_count = assistant_count + excluded.assistant_count,
        user_ms = user_ms + excluded.user_ms,
        user_count = user_count + excluded.user_count,
        requests_billions = requests_billions + excluded.requests_billions,
        requests_rest = requests_rest + excluded.requests_rest,
        requests_count = requests_count + excluded.requests_count,
        input_tokens_billions = input_tokens_billions + excluded.input_tokens_billions,
        input_tokens_rest = input_tokens_rest + excluded.input_tokens_rest,
        input_tokens_count = input_tokens_count + excluded.input_tokens_count,
        output_tokens_billions = output_tokens_billions + excluded.output_tokens_billions,
        output_tokens_rest = output_tokens_rest + excluded.output_tokens_rest,
        output_tokens_count = output_tokens_count + excluded.output_tokens_count,
        cache_write_tokens_billions = cache_write_tokens_billions + excluded.cache_write_tokens_billions,
        cache_write_tokens_rest = cache_write_tokens_rest + excluded.cache_write_tokens_rest,
        cache_write_tokens_count = cache_write_tokens_count + excluded.cache_write_tokens_count,
        cache_read_tokens_billions = cache_read_tokens_billions + excluded.cache_read_tokens_billions,
        cache_read_tokens_rest = cache_read_tokens_rest + excluded.cache_read_tokens_rest,
        cache_read_tokens_count = cache_read_tokens_count + excluded.cache_read_tokens_count;
    INSERT INTO org_analytics_dailymodelusage (day, user_id, provider, repo_id, model, session_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count, requests_billions, requests_rest, requests_count, input_tokens_billions, input_tokens_rest, input_tokens_count, output_tokens_billions, output_tokens_rest, output_tokens_count, cache_write_tokens_billions, cache_write_tokens_rest, cache_write_tokens_count, cache_read_tokens_billions, cache_read_tokens_rest, cache_read_tokens_count)
    SELECT
        (SELECT day FROM org_analytics_reportingday WHERE starts_at <= OLD.started_at ORDER BY starts_at DESC LIMIT 1),
        OLD.user_id,
        OLD.provider,
        coalesce(OLD.repo_id, 0),
        usage.model,
        -(1),
        -(CASE WHEN usage.cost_usd IS NULL THEN 1 ELSE 0 END),
        -(coalesce(usage.cost_usd / 1000000000, 0)),
        -(coalesce(usage.cost_usd % 1000000000, 0)),
        -(CASE WHEN usage.cost_usd IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.duration_ms, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.duration_ms IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.assistant_ms, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.assistant_ms IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.user_ms, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.user_ms IS NOT NULL THEN 1 ELSE 0 END),
        -(coalesce(usage.requests / 1000000000, 0)),
        -(coalesce(usage.requests % 1000000000, 0)),
        -(CASE WHEN usage.requests IS NOT NULL THEN 1 ELSE 0 END),
        -(coalesce(usage.input_tokens / 1000000000, 0)),
        -(coalesce(usage.input_tokens % 1000000000, 0)),
        -(CASE WHEN usage.input_tokens IS NOT NULL THEN 1 ELSE 0 END),
        -(coalesce(usage.output_tokens / 1000000000, 0)),
        -(coalesce(usage.output_tokens % 1000000000, 0)),
        -(CASE WHEN usage.output_tokens IS NOT NULL THEN 1 ELSE 0 END),
        -(coalesce(usage.cache_write_tokens / 1000000000, 0)),
        -(coalesce(usage.cache_write_tokens % 1000000000, 0)),
        -(CASE WHEN usage.cache_write_tokens IS NOT NULL THEN 1 ELSE 0 END),
        -(coalesce(usage.cache_read_tokens / 1000000000, 0)),
        -(coalesce(usage.cache_read_tokens % 1000000000, 0)),
        -(CASE WHEN usage.cache_read_tokens IS NOT NULL THEN 1 ELSE 0 END)
    FROM org_analytics_modelusage usage WHERE usage.session_id = OLD.id AND OLD.analyzed_at IS NOT NULL
    ON CONFLICT (day, user_id, provider, repo_id, model) DO UPDATE SET
        session_count = session_count + excluded.session_count,
        unpriced_count = unpriced_count + excluded.unpriced_count,
        cost_dollars = cost_dollars + excluded.cost_dollars,
        cost_nanos = cost_nanos + excluded.cost_nanos,
        cost_count = cost_count + excluded.cost_count,
        duration_ms = duration_ms + excluded.duration_ms,
        duration_count = duration_count + excluded.duration_count,
        assistant_ms = assistant_ms + excluded.assistant_ms,
        assistant_count = assistant_count + excluded.assistant_count,
        user_ms = user_ms + excluded.user_ms,
        user_count = user_count + excluded.user_count,
        requests_billions = requests_billions + excluded.requests_billions,
        requests_rest = requests_rest + excluded.requests_rest,
        requests_count = requests_count + excluded.requests_count,
        input_tokens_billions = input_tokens_billions + excluded.input_tokens_billions,
        input_tokens_rest = input_tokens_rest + excluded.input_tokens_rest,
        input_tokens_count = input_tokens_count + excluded.input_tokens_count,
        output_tokens_billions = output_tokens_billions + excluded.output_tokens_billions,
        output_tokens_rest = output_tokens_rest + excluded.output_tokens_rest,
        output_tokens_count = output_tokens_count + excluded.output_tokens_count,
        cache_write_tokens_billions = cache_write_tokens_billions + excluded.cache_write_tokens_billions,
        cache_write_tokens_rest = cache_write_tokens_rest + excluded.cache_write_tokens_rest,
        cache_write_tokens_count = cache_write_tokens_count + excluded.cache_write_tokens_count,
        cache_read_tokens_billions = cache_read_tokens_billions + excluded.cache_read_tokens_billions,
        cache_read_tokens_rest = cache_read_tokens_rest + excluded.cache_read_tokens_rest,
        cache_read_tokens_count = cache_read_tokens_count + excluded.cache_read_tokens_count;
    DELETE FROM org_analytics_dailymodelusage WHERE session_count <= 0
    AND (day, user_id, provider, repo_id, model) IN (
        SELECT
            (SELECT day FROM org_analytics_reportingday WHERE starts_at <= OLD.started_at ORDER BY starts_at DESC LIMIT 1),
            OLD.user_id,
            OLD.provider,
            coalesce(OLD.repo_id, 0),
            usage.model
        FROM org_analytics_modelusage usage WHERE usage.session_id = OLD.id AND OLD.analyzed_at IS NOT NULL
    );
END
-- [create]
CREATE TRIGGER org_analytics_daily_model_usage_session_delete BEFORE DELETE ON org_analytics_codingsession
BEGIN
    INSERT INTO org_analytics_dailymodelusage (day, user_id, provider, repo_id, model, session_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count, requests_billions, requests_rest, requests_count, input_tokens_billions, input_tokens_rest, input_tokens_count, output_tokens_billions, output_tokens_rest, output_tokens_count, cache_write_tokens_billions, cache_write_tokens_rest, cache_write_tokens_count, cache_read_tokens_billions, cache_read_tokens_rest, cache_read_tokens_count)
    SELECT
        (SELECT day FROM org_analytics_reportingday WHERE starts_at <= OLD.started_at ORDER BY starts_at DESC LIMIT 1),
        OLD.user_id,
        OLD.provider,
        coalesce(OLD.repo_id, 0),
        usage.model,
        -(1),
        -(CASE WHEN usage.cost_usd IS NULL THEN 1 ELSE 0 END),
        -(coalesce(usage.cost_usd / 1000000000, 0)),
        -(coalesce(usage.cost_usd % 1000000000, 0)),
        -(CASE WHEN usage.cost_usd IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.duration_ms, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.duration_ms IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.assistant_ms, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.assistant_ms IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL THEN coalesce(OLD.user_ms, 0) ELSE 0 END),
        -(CASE WHEN OLD.analyzed_at IS NOT NULL AND OLD.user_ms IS NOT NULL THEN 1 ELSE 0 END),
        -(coalesce(usage.requests / 1000000000, 0)),
        -(coalesce(usage.requests % 1000000000, 0)),
        -(CASE WHEN usage.requests IS NOT NULL THEN 1 ELSE 0 END),
        -(coalesce(usage.input_tokens / 1000000000, 0)),
        -(coalesce(usage.input_tokens % 1000000000, 0)),
        -(CASE WHEN usage.input_tokens IS NOT NULL THEN 1 ELSE 0 END),
        -(coalesce(usage.output_tokens / 1000000000, 0)),
        -(coalesce(usage.output_tokens % 1000000000, 0)),
        -(CASE WHEN usage.output_tokens IS NOT NULL THEN 1 ELSE 0 END),
        -(coalesce(usage.cache_write_tokens / 1000000000, 0)),
        -(coalesce(usage.cache_write_tokens % 1000000000, 0)),
        -(CASE WHEN usage.cache_write_tokens IS NOT NULL THEN 1 ELSE 0 END),
        -(coalesce(usage.cache_read_tokens / 1000000000, 0)),
        -(coalesce(usage.cache_read_tokens % 1000000000, 0)),
        -(CASE WHEN usage.cache_read_tokens IS NOT NULL THEN 1 ELSE 0 END)
    FROM org_analytics_modelusage usage WHERE usage.session_id = OLD.id AND OLD.analyzed_at IS NOT NULL
    ON CONFLICT (day, user_id, provider, repo_id, model) DO UPDATE SET
        session_count = session_count + excluded.session_count,
        unpriced_count = unpriced_count + excluded.unpriced_count,
        cost_dollars = cost_dollars + excluded.cost_dollars,
        cost_nanos = cost_nanos + excluded.cost_nanos,
        cost_count = cost_count + excluded.cost_count,
        duration_ms = duration_ms + excluded.duration_ms,
        duration_count = duration_count + excluded.duration_count,
        assistant_ms = assistant_ms + excluded.assistant_ms,
        assistant_count = assistant_count + excluded.assistant_count,
        user_ms = user_ms + excluded.user_ms,
        user_count = user_count + excluded.user_count,
        requests_billions = requests_billions + excluded.requests_billions,
        requests_rest = requests_rest + excluded.requests_rest,
        requests_count = requests_count + excluded.requests_count,
        input_tokens_billions = input_tokens_billions + excluded.input_tokens_billions,
        input_tokens_rest = input_tokens_rest + excluded.input_tokens_rest,
        input_tokens_count = input_tokens_count + excluded.input_tokens_count,
        output_tokens_billions = output_tokens_billions + excluded.output_tokens_billions,
        output_tokens_rest = output_tokens_rest + excluded.output_tokens_rest,
        output_tokens_count = output_tokens_count + excluded.output_tokens_count,
        cache_write_tokens_billions = cache_write_tokens_billions + excluded.cache_write_tokens_billions,
        cache_write_tokens_rest = cache_write_tokens_rest + excluded.cache_write_tokens_rest,
        cache_write_tokens_count = cache_write_tokens_count + excluded.cache_write_tokens_count,
        cache_read_tokens_billions = cache_read_tokens_billions + excluded.cache_read_tokens_billions,
        cache_read_tokens_rest = cache_read_tokens_rest + excluded.cache_read_tokens_rest,
        cache_read_tokens_count = cache_read_tokens_count + excluded.cache_read_tokens_count;
    DELETE FROM org_analytics_dailymodelusage WHERE session_count <= 0
    AND (day, user_id, provider, repo_id, model) IN (
        SELECT
            (SELECT day FROM org_analytics_reportingday WHERE starts_at <= OLD.started_at ORDER BY starts_at DESC LIMIT 1),
            OLD.user_id,
            OLD.provider,
            coalesce(OLD.repo_id, 0),
            usage.model
        FROM org_analytics_modelusage usage WHERE usage.session_id = OLD.id AND OLD.analyzed_at IS NOT NULL
    );
END
-- [create]
CREATE TRIGGER org_analytics_daily_model_usage_model_insert AFTER INSERT ON org_analytics_modelusage
BEGIN
    INSERT INTO org_analytics_dailymodelusage (day, user_id, provider, repo_id, model, session_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count, requests_billions, requests_rest, requests_count, input_tokens_billions, input_tokens_rest, input_tokens_count, output_tokens_billions, output_tokens_rest, output_tokens_count, cache_write_tokens_billions, cache_write_tokens_rest, cache_write_tokens_count, cache_read_tokens_billions, cache_read_tokens_rest, cache_read_tokens_count)
    SELECT
        (SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1),
        session.user_id,
        session.provider,
        coalesce(session.repo_id, 0),
        NEW.model,
        (1),
        (CASE WHEN NEW.cost_usd IS NULL THEN 1 ELSE 0 END),
        (coalesce(NEW.cost_usd / 1000000000, 0)),
        (coalesce(NEW.cost_usd % 1000000000, 0)),
        (CASE WHEN NEW.cost_usd IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.duration_ms, 0) ELSE 0 END),
        (CASE WHEN session.analyzed_at IS NOT NULL AND session.duration_ms IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.assistant_ms, 0) ELSE 0 END),
        (CASE WHEN session.analyzed_at IS NOT NULL AND session.assistant_ms IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.user_ms, 0) ELSE 0 END),
        (CASE WHEN session.analyzed_at IS NOT NULL AND session.user_ms IS NOT NULL THEN 1 ELSE 0 END),
        (coalesce(NEW.requests / 1000000000, 0)),
        (coalesce(NEW.requests % 1000000000, 0)),
        (CASE WHEN NEW.requests IS NOT NULL THEN 1 ELSE 0 END),
        (coalesce(NEW.input_tokens / 1000000000, 0)),
        (coalesce(NEW.input_tokens % 1000000000, 0)),
        (CASE WHEN NEW.input_tokens IS NOT NULL THEN 1 ELSE 0 END),
        (coalesce(NEW.output_tokens / 1000000000, 0)),
        (coalesce(NEW.output_tokens % 1000000000, 0)),
        (CASE WHEN NEW.output_tokens IS NOT NULL THEN 1 ELSE 0 END),
        (coalesce(NEW.cache_write_tokens / 1000000000, 0)),
        (coalesce(NEW.cache_write_tokens % 1000000000, 0)),
        (CASE WHEN NEW.cache_write_tokens IS NOT NULL THEN 1 ELSE 0 END),
        (coalesce(NEW.cache_read_tokens / 1000000000, 0)),
        (coalesce(NEW.cache_read_tokens % 1000000000, 0)),
        (CASE WHEN NEW.cache_read_tokens IS NOT NULL THEN 1 ELSE 0 END)
    FROM org_analytics_codingsession session WHERE session.id = NEW.session_id AND session.analyzed_at IS NOT NULL
    ON CONFLICT (day, user_id, provider, repo_id, model) DO UPDATE SET
        session_count = session_count + excluded.session_count,
        unpriced_count = unpriced_count + excluded.unpriced_count,
        cost_dollars = cost_dollars + excluded.cost_dollars,
        cost_nanos = cost_nanos + excluded.cost_nanos,
        cost_count = cost_count + excluded.cost_count,
        duration_ms = duration_ms + excluded.duration_ms,
        duration_count = duration_count + excluded.duration_count,
        assistant_ms = assistant_ms + excluded.assistant_ms,
        assistant_count = assistant_count + excluded.assistant_count,
        user_ms = user_ms + excluded.user_ms,
        user_count = user_count + excluded.user_count,
        requests_billions = requests_billions + excluded.requests_billions,
        requests_rest = requests_rest + excluded.requests_rest,
        requests_count = requests_count + excluded.requests_count,
        input_tokens_billions = input_tokens_billions + excluded.input_tokens_billions,
        input_tokens_rest = input_tokens_rest + excluded.input_tokens_rest,
        input_tokens_count = input_tokens_count + excluded.input_tokens_count,
        output_tokens_billions = output_tokens_billions + excluded.output_tokens_billions,
        output_tokens_rest = output_tokens_rest + excluded.output_tokens_rest,
        output_tokens_count = output_tokens_count + excluded.output_tokens_count,
        cache_write_tokens_billions = cache_write_tokens_billions + excluded.cache_write_tokens_billions,
        cache_write_tokens_rest = cache_write_tokens_rest + excluded.cache_write_tokens_rest,
        cache_write_tokens_count = cache_write_tokens_count + excluded.cache_write_tokens_count,
        cache_read_tokens_billions = cache_read_tokens_billions + excluded.cache_read_tokens_billions,
        cache_read_tokens_rest = cache_read_tokens_rest + excluded.cache_read_tokens_rest,
        cache_read_tokens_count = cache_read_tokens_count + excluded.cache_read_tokens_count;
END
-- [create]
CREATE TRIGGER org_analytics_daily_model_usage_model_update AFTER UPDATE ON org_analytics_modelusage
WHEN
    OLD.session_id IS NOT NEW.session_id
    OR OLD.model IS NOT NEW.model
    OR OLD.cost_usd IS NOT NEW.cost_usd
    OR OLD.requests IS NOT NEW.requests
    OR OLD.input_tokens IS NOT NEW.input_tokens
    OR OLD.output_tokens IS NOT NEW.output_tokens
    OR OLD.cache_write_tokens IS NOT NEW.cache_write_tokens
    OR OLD.cache_read_tokens IS NOT NEW.cache_read_tokens
BEGIN
    INSERT INTO org_analytics_dailymodelusage (day, user_id, provider, repo_id, model, session_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count, requests_billions, requests_rest, requests_count, input_tokens_billions, input_tokens_rest, input_tokens_count, output_tokens_billions, output_tokens_rest, output_tokens_count, cache_write_tokens_billions, cache_write_tokens_rest, cache_write_tokens_count, cache_read_tokens_billions, cache_read_tokens_rest, cache_read_tokens_count)
    SELECT
        (SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1),
        session.user_id,
        session.provider,
        coalesce(session.repo_id, 0),
        NEW.model,
        (1),
        (CASE WHEN NEW.cost_usd IS NULL THEN 1 ELSE 0 END),
        (coalesce(NEW.cost_usd / 1000000000, 0)),
        (coalesce(NEW.cost_usd % 1000000000, 0)),
        (CASE WHEN NEW.cost_usd IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.duration_ms, 0) ELSE 0 END),
        (CASE WHEN session.analyzed_at IS NOT NULL AND session.duration_ms IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.assistant_ms, 0) ELSE 0 END),
        (CASE WHEN session.analyzed_at IS NOT NULL AND session.assistant_ms IS NOT NULL THEN 1 ELSE 0 END),
        (CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.user_ms, 0) ELSE 0 END),
        (CASE WHEN session.analyzed_at IS NOT NULL AND session.user_ms IS NOT NULL THEN 1 ELSE 0 END),
        (coalesce(NEW.requests / 1000000000, 0)),
        (coalesce(NEW.requests % 1000000000, 0)),
        (CASE WHEN NEW.requests IS NOT NULL THEN 1 ELSE 0 END),
        (coalesce(NEW.input_tokens / 1000000000, 0)),
        (coalesce(NEW.input_tokens % 1000000000, 0)),
        (CASE WHEN NEW.input_tokens IS NOT NULL THEN 1 ELSE 0 END),
        (coalesce(NEW.output_tokens / 1000000000, 0)),
        (coalesce(NEW.output_tokens % 1000000000, 0)),
        (CASE WHEN NEW.output_tokens IS NOT NULL THEN 1 ELSE 0 END),
        (coalesce(NEW.cache_write_tokens / 1000000000, 0)),
        (coalesce(NEW.cache_write_tokens % 1000000000, 0)),
        (CASE WHEN NEW.cache_write_tokens IS NOT NULL THEN 1 ELSE 0 END),
        (coalesce(NEW.cache_read_tokens / 1000000000, 0)),
        (coalesce(NEW.cache_read_tokens % 1000000000, 0)),
        (CASE WHEN NEW.cache_read_tokens IS NOT NULL THEN 1 ELSE 0 END)
    FROM org_analytics_codingsession session WHERE session.id = NEW.session_id AND session.analyzed_at IS NOT NULL
    ON CONFLICT (day, user_id, provider, repo_id, model) DO UPDATE SET
        session_count = session_count + excluded.session_count,
        unpriced_count = unpriced_count + excluded.unpriced_count,
        cost_dollars = cost_dollars + excluded.cost_dollars,
        cost_nanos = cost_nanos + excluded.cost_nanos,
        cost_count = cost_count + excluded.cost_count,
        duration_ms = duration_ms + excluded.duration_ms,
        duration_count = duration_count + excluded.duration_count,
        assistant_ms = assistant_ms + excluded.assistant_ms,
        assistant_count = assistant_count + excluded.assistant_count,
        user_ms = user_ms + excluded.user_ms,
        user_count = user_count + excluded.user_count,
        requests_billions = requests_billions + excluded.requests_billions,
        requests_rest = requests_rest + excluded.requests_rest,
        requests_count = requests_count + excluded.requests_count,
        input_tokens_billions = input_tokens_billions + excluded.input_tokens_billions,
        input_tokens_rest = input_tokens_rest + excluded.input_tokens_rest,
        input_tokens_count = input_tokens_count + excluded.input_tokens_count,
        output_tokens_billions = output_tokens_billions + excluded.output_tokens_billions,
        output_tokens_rest = output_tokens_rest + excluded.output_tokens_rest,
        output_tokens_count = output_tokens_count + excluded.output_tokens_count,
        cache_write_tokens_billions = cache_write_tokens_billions + excluded.cache_write_tokens_billions,
        cache_write_tokens_rest = cache_write_tokens_rest + excluded.cache_write_tokens_rest,
        cache_write_tokens_count = cache_write_tokens_count + excluded.cache_write_tokens_count,
        cache_read_tokens_billions = cache_read_tokens_billions + excluded.cache_read_tokens_billions,
        cache_read_tokens_rest = cache_read_tokens_rest + excluded.cache_read_tokens_rest,
        cache_read_tokens_count = cache_read_tokens_count + excluded.cache_read_tokens_count;
    INSERT INTO org_analytics_dailymodelusage (day, user_id, provider, repo_id, model, session_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count, requests_billions, requests_rest, requests_count, input_tokens_billions, input_tokens_rest, input_tokens_count, output_tokens_billions, output_tokens_rest, output_tokens_count, cache_write_tokens_billions, cache_write_tokens_rest, cache_write_tokens_count, cache_read_tokens_billions, cache_read_tokens_rest, cache_read_tokens_count)
    SELECT
        (SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1),
        session.user_id,
        session.provider,
        coalesce(session.repo_id, 0),
        OLD.model,
        -(1),
        -(CASE WHEN OLD.cost_usd IS NULL THEN 1 ELSE 0 END),
        -(coalesce(OLD.cost_usd / 1000000000, 0)),
        -(coalesce(OLD.cost_usd % 1000000000, 0)),
        -(CASE WHEN OLD.cost_usd IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.duration_ms, 0) ELSE 0 END),
        -(CASE WHEN session.analyzed_at IS NOT NULL AND session.duration_ms IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.assistant_ms, 0) ELSE 0 END),
        -(CASE WHEN session.analyzed_at IS NOT NULL AND session.assistant_ms IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.user_ms, 0) ELSE 0 END),
        -(CASE WHEN session.analyzed_at IS NOT NULL AND session.user_ms IS NOT NULL THEN 1 ELSE 0 END),
        -(coalesce(OLD.requests / 1000000000, 0)),
        -(coalesce(OLD.requests % 1000000000, 0)),
        -(CASE WHEN OLD.requests IS NOT NULL THEN 1 ELSE 0 END),
        -(coalesce(OLD.input_tokens / 1000000000, 0)),
        -(coalesce(OLD.input_tokens % 1000000000, 0)),
        -(CASE WHEN OLD.input_tokens IS NOT NULL THEN 1 ELSE 0 END),
        -(coalesce(OLD.output_tokens / 1000000000, 0)),
        -(coalesce(OLD.output_tokens % 1000000000, 0)),
        -(CASE WHEN OLD.output_tokens IS NOT NULL THEN 1 ELSE 0 END),
        -(coalesce(OLD.cache_write_tokens / 1000000000, 0)),
        -(coalesce(OLD.cache_write_tokens % 1000000000, 0)),
        -(CASE WHEN OLD.cache_write_tokens IS NOT NULL THEN 1 ELSE 0 END),
        -(coalesce(OLD.cache_read_tokens / 1000000000, 0)),
        -(coalesce(OLD.cache_read_tokens % 1000000000, 0)),
        -(CASE WHEN OLD.cache_read_tokens IS NOT NULL THEN 1 ELSE 0 END)
    FROM org_analytics_codingsession session WHERE session.id = OLD.session_id AND session.analyzed_at IS NOT NULL
    ON CONFLICT (day, user_id, provider, repo_id, model) DO UPDATE SET
        session_count = session_count + excluded.session_count,
        unpriced_count = unpriced_count + excluded.unpriced_count,
        cost_dollars = cost_dollars + excluded.cost_dollars,
        cost_nanos = cost_nanos + excluded.cost_nanos,
        cost_count = cost_count + excluded.cost_count,
        duration_ms = duration_ms + excluded.duration_ms,
        duration_count = duration_count + excluded.duration_count,
        assistant_ms = assistant_ms + excluded.assistant_ms,
        assistant_count = assistant_count + excluded.assistant_count,
        user_ms = user_ms + excluded.user_ms,
        user_count = user_count + excluded.user_count,
        requests_billions = requests_billions + excluded.requests_billions,
        requests_rest = requests_rest + excluded.requests_rest,
        requests_count = requests_count + excluded.requests_count,
        input_tokens_billions = input_tokens_billions + excluded.input_tokens_billions,
        input_tokens_rest = input_tokens_rest + excluded.input_tokens_rest,
        input_tokens_count = input_tokens_count + excluded.input_tokens_count,
        output_tokens_billions = output_tokens_billions + excluded.output_tokens_billions,
        output_tokens_rest = output_tokens_rest + excluded.output_tokens_rest,
        output_tokens_count = output_tokens_count + excluded.output_tokens_count,
        cache_write_tokens_billions = cache_write_tokens_billions + excluded.cache_write_tokens_billions,
        cache_write_tokens_rest = cache_write_tokens_rest + excluded.cache_write_tokens_rest,
        cache_write_tokens_count = cache_write_tokens_count + excluded.cache_write_tokens_count,
        cache_read_tokens_billions = cache_read_tokens_billions + excluded.cache_read_tokens_billions,
        cache_read_tokens_rest = cache_read_tokens_rest + excluded.cache_read_tokens_rest,
        cache_read_tokens_count = cache_read_tokens_count + excluded.cache_read_tokens_count;
    DELETE FROM org_analytics_dailymodelusage WHERE session_count <= 0
    AND (day, user_id, provider, repo_id, model) IN (
        SELECT
            (SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1),
            session.user_id,
            session.provider,
            coalesce(session.repo_id, 0),
            OLD.model
        FROM org_analytics_codingsession session WHERE session.id = OLD.session_id AND session.analyzed_at IS NOT NULL
    );
END
-- [create]
CREATE TRIGGER org_analytics_daily_model_usage_model_delete BEFORE DELETE ON org_analytics_modelusage
BEGIN
    INSERT INTO org_analytics_dailymodelusage (day, user_id, provider, repo_id, model, session_count, unpriced_count, cost_dollars, cost_nanos, cost_count, duration_ms, duration_count, assistant_ms, assistant_count, user_ms, user_count, requests_billions, requests_rest, requests_count, input_tokens_billions, input_tokens_rest, input_tokens_count, output_tokens_billions, output_tokens_rest, output_tokens_count, cache_write_tokens_billions, cache_write_tokens_rest, cache_write_tokens_count, cache_read_tokens_billions, cache_read_tokens_rest, cache_read_tokens_count)
    SELECT
        (SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1),
        session.user_id,
        session.provider,
        coalesce(session.repo_id, 0),
        OLD.model,
        -(1),
        -(CASE WHEN OLD.cost_usd IS NULL THEN 1 ELSE 0 END),
        -(coalesce(OLD.cost_usd / 1000000000, 0)),
        -(coalesce(OLD.cost_usd % 1000000000, 0)),
        -(CASE WHEN OLD.cost_usd IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.duration_ms, 0) ELSE 0 END),
        -(CASE WHEN session.analyzed_at IS NOT NULL AND session.duration_ms IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.assistant_ms, 0) ELSE 0 END),
        -(CASE WHEN session.analyzed_at IS NOT NULL AND session.assistant_ms IS NOT NULL THEN 1 ELSE 0 END),
        -(CASE WHEN session.analyzed_at IS NOT NULL THEN coalesce(session.user_ms, 0) ELSE 0 END),
        -(CASE WHEN session.analyzed_at IS NOT NULL AND session.user_ms IS NOT NULL THEN 1 ELSE 0 END),
        -(coalesce(OLD.requests / 1000000000, 0)),
        -(coalesce(OLD.requests % 1000000000, 0)),
        -(CASE WHEN OLD.requests IS NOT NULL THEN 1 ELSE 0 END),
        -(coalesce(OLD.input_tokens / 1000000000, 0)),
        -(coalesce(OLD.input_tokens % 1000000000, 0)),
        -(CASE WHEN OLD.input_tokens IS NOT NULL THEN 1 ELSE 0 END),
        -(coalesce(OLD.output_tokens / 1000000000, 0)),
        -(coalesce(OLD.output_tokens % 1000000000, 0)),
        -(CASE WHEN OLD.output_tokens IS NOT NULL THEN 1 ELSE 0 END),
        -(coalesce(OLD.cache_write_tokens / 1000000000, 0)),
        -(coalesce(OLD.cache_write_tokens % 1000000000, 0)),
        -(CASE WHEN OLD.cache_write_tokens IS NOT NULL THEN 1 ELSE 0 END),
        -(coalesce(OLD.cache_read_tokens / 1000000000, 0)),
        -(coalesce(OLD.cache_read_tokens % 1000000000, 0)),
        -(CASE WHEN OLD.cache_read_tokens IS NOT NULL THEN 1 ELSE 0 END)
    FROM org_analytics_codingsession session WHERE session.id = OLD.session_id AND session.analyzed_at IS NOT NULL
    ON CONFLICT (day, user_id, provider, repo_id, model) DO UPDATE SET
        session_count = session_count + excluded.session_count,
        unpriced_count = unpriced_count + excluded.unpriced_count,
        cost_dollars = cost_dollars + excluded.cost_dollars,
        cost_nanos = cost_nanos + excluded.cost_nanos,
        cost_count = cost_count + excluded.cost_count,
        duration_ms = duration_ms + excluded.duration_ms,
        duration_count = duration_count + excluded.duration_count,
        assistant_ms = assistant_ms + excluded.assistant_ms,
        assistant_count = assistant_count + excluded.assistant_count,
        user_ms = user_ms + excluded.user_ms,
        user_count = user_count + excluded.user_count,
        requests_billions = requests_billions + excluded.requests_billions,
        requests_rest = requests_rest + excluded.requests_rest,
        requests_count = requests_count + excluded.requests_count,
        input_tokens_billions = input_tokens_billions + excluded.input_tokens_billions,
        input_tokens_rest = input_tokens_rest + excluded.input_tokens_rest,
        input_tokens_count = input_tokens_count + excluded.input_tokens_count,
        output_tokens_billions = output_tokens_billions + excluded.output_tokens_billions,
        output_tokens_rest = output_tokens_rest + excluded.output_tokens_rest,
        output_tokens_count = output_tokens_count + excluded.output_tokens_count,
        cache_write_tokens_billions = cache_write_tokens_billions + excluded.cache_write_tokens_billions,
        cache_write_tokens_rest = cache_write_tokens_rest + excluded.cache_write_tokens_rest,
        cache_write_tokens_count = cache_write_tokens_count + excluded.cache_write_tokens_count,
        cache_read_tokens_billions = cache_read_tokens_billions + excluded.cache_read_tokens_billions,
        cache_read_tokens_rest = cache_read_tokens_rest + excluded.cache_read_tokens_rest,
        cache_read_tokens_count = cache_read_tokens_count + excluded.cache_read_tokens_count;
    DELETE FROM org_analytics_dailymodelusage WHERE session_count <= 0
    AND (day, user_id, provider, repo_id, model) IN (
        SELECT
            (SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1),
            session.user_id,
            session.provider,
            coalesce(session.repo_id, 0),
            OLD.model
        FROM org_analytics_codingsession session WHERE session.id = OLD.session_id AND session.analyzed_at IS NOT NULL
    );
END
-- [drop]
DROP TRIGGER IF EXISTS org_analytics_daily_usage_insert
-- [drop]
DROP TRIGGER IF EXISTS org_analytics_daily_usage_update
-- [drop]
DROP TRIGGER IF EXISTS org_analytics_daily_usage_delete
-- [drop]
DROP TRIGGER IF EXISTS org_analytics_ten_day_usage_insert
-- [drop]
DROP TRIGGER IF EXISTS org_analytics_ten_day_usage_update
-- [drop]
DROP TRIGGER IF EXISTS org_analytics_ten_day_usage_delete
-- [drop]
DROP TRIGGER IF EXISTS org_analytics_daily_model_usage_session_insert
-- [drop]
DROP TRIGGER IF EXISTS org_analytics_daily_model_usage_session_update
-- [drop]
DROP TRIGGER IF EXISTS org_analytics_daily_model_usage_session_delete
-- [drop]
DROP TRIGGER IF EXISTS org_analytics_daily_model_usage_model_insert
-- [drop]
DROP TRIGGER IF EXISTS org_analytics_daily_model_usage_model_update
-- [drop]
DROP TRIGGER IF EXISTS org_analytics_daily_model_usage_model_delete
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
        (CAST(strftime('%Y%m%d', (SELECT day FROM org_analytics_reportingday WHERE starts_at <= session.started_at ORDER BY starts_at DESC LIMIT 1)) AS integer) - 1) / 10 AS ten_days,
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
