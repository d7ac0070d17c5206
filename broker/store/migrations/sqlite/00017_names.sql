-- +goose Up
-- One name per fact, in files, JSON, ledger and database alike. What is missing stays missing.
UPDATE requests SET body = json_remove(json_set(body, '$.responsible_party', json_extract(body, '$.responsible')), '$.responsible')
  WHERE json_type(body, '$.responsible') IS NOT NULL;
UPDATE requests SET body = json_remove(json_set(body, '$.likely_cause', json_extract(body, '$.fault_cause')), '$.fault_cause')
  WHERE json_type(body, '$.fault_cause') IS NOT NULL;
UPDATE requests SET body = json_remove(json_set(body, '$.phone_triage', json_extract(body, '$.fault_triage')), '$.fault_triage')
  WHERE json_type(body, '$.fault_triage') IS NOT NULL;

-- +goose Down
SELECT 1 / 0; -- there is no way back: the program of before knows nothing of what came after
