-- A role that may read what `manage.py import_confabulous` reads, and nothing else. Run it in the Confabulous database
-- as its owner, then give the role a password: \password org_analytics_reader
-- Leave out the line of a table that your version of Confabulous does not have.
CREATE ROLE org_analytics_reader LOGIN;
ALTER ROLE org_analytics_reader SET default_transaction_read_only = on;
GRANT USAGE ON SCHEMA public TO org_analytics_reader;
GRANT SELECT (version, dirty) ON schema_migrations TO org_analytics_reader;
GRANT SELECT (id, email, name, status, read_only) ON users TO org_analytics_reader;
GRANT SELECT (id, user_id, session_type, external_id, first_seen, last_message_at, last_sync_at, git_info)
    ON sessions TO org_analytics_reader;
GRANT SELECT (session_id, data, computed_at) ON session_card_tokens_v2 TO org_analytics_reader;
GRANT SELECT (session_id, total_assistant_duration_ms, total_user_duration_ms, computed_at)
    ON session_card_conversation TO org_analytics_reader;
GRANT SELECT (session_id, duration_ms, computed_at) ON session_card_session TO org_analytics_reader;
GRANT SELECT (session_id, model) ON cursor_session_meta TO org_analytics_reader;
-- Only for --with-titles:
-- GRANT SELECT (custom_title, suggested_session_title, summary) ON sessions TO org_analytics_reader;
-- Only for --with-recaps:
-- GRANT SELECT (session_id, version, recap, went_well, went_bad, human_suggestions, environment_suggestions,
--     default_context_suggestions, model_used, computed_at) ON session_card_smart_recap TO org_analytics_reader;
-- Only for versions 26 to 50, instead of session_card_tokens_v2:
-- GRANT SELECT (session_id, estimated_cost_usd, computed_at) ON session_card_tokens TO org_analytics_reader;
