-- EXAMPLE, UNVERIFIED. A view that gives the native columns from a reporting copy of the SystmOne kind.
--
-- The names of the tables and columns below are invented, and no supplier has checked them. Put your own in their place, keep
-- the names after AS and their order, and compare the counts with your own list before you send anything.
--
-- Days are taken to be of type DATE. Where yours have a time of day, write CONVERT(char(10), the_day, 23) in their place.
-- example_service_pathway is a small table of your own: which of your services is which pathway, several joined by |.
CREATE VIEW waiting_list AS
SELECT
    r.referral_number             AS referral_id,
    p.nhs_number                  AS nhs_number,
    p.patient_number              AS local_patient_id,
    p.date_of_birth               AS date_of_birth,
    s.pathway                     AS pathway,
    r.date_received               AS referral_received_date,
    CASE
        WHEN r.date_rejected IS NOT NULL THEN 'rejected'
        WHEN r.date_ended IS NOT NULL THEN 'closed'
        WHEN h.held_from IS NOT NULL THEN 'on-hold'
        WHEN c.first_seen IS NOT NULL AND s.ends_when_seen = 1 THEN 'seen'
        ELSE 'waiting'
    END                           AS status,
    p.trace_status                AS nhs_number_status,
    CASE p.sex WHEN 'M' THEN '1' WHEN 'F' THEN '2' WHEN 'I' THEN '9' ELSE 'X' END AS sex,
    p.ethnic_category             AS ethnic_category,
    p.lsoa                        AS lsoa,
    p.district                    AS district,
    p.local_authority             AS responsible_la,
    p.practice_code               AS gp_practice,
    p.school_urn                  AS school_urn,
    CASE
        WHEN c.first_seen IS NOT NULL THEN 'assessment'
        WHEN r.date_triaged IS NOT NULL THEN 'first-appointment'
        ELSE 'triage'
    END                           AS stage,
    COALESCE(c.first_seen, r.date_triaged, r.date_received) AS stage_start_date,
    r.date_first_referred         AS original_referral_date,
    r.continues_referral          AS previous_referral_id,
    r.continues_at                AS previous_provider,
    r.ubrn                        AS ubrn,
    r.pathway_identifier          AS pathway_id,
    r.pathway_issuer              AS pathway_id_issuer,
    r.priority                    AS priority,
    r.source_code                 AS source_of_referral,
    r.referrer_organisation       AS referred_by,
    o.sent_to                     AS onward_to,
    o.date_sent                   AS onward_date,
    o.reason_code                 AS onward_reason,
    r.commissioner                AS commissioner,
    s.service_name                AS team,
    r.contract_held_by            AS subcontracted_by,
    r.patient_choice              AS right_to_choose,
    s.measurement_type            AS waiting_time_measurement_type,
    r.rtt_status                  AS rtt_status,
    c.first_seen                  AS first_contact_date,
    c.last_seen                   AS last_contact_date,
    c.next_booked                 AS next_appointment_date,
    c.not_brought                 AS not_brought_count,
    h.held_from                   AS hold_from,
    h.held_to                     AS hold_to,
    h.reason                      AS hold_reason,
    r.date_ended                  AS closed_date,
    r.end_reason_code             AS closure_reason,
    r.date_rejected               AS rejected_date,
    r.reject_reason_code          AS rejection_reason,
    p.date_of_death               AS date_of_death
FROM example_referral_in r
JOIN example_patient p ON p.patient_key = r.patient_key
-- A service that is in no pathway is not sent.
JOIN example_service_pathway s ON s.service_code = r.service_code
LEFT JOIN (
    SELECT
        referral_number,
        MIN(CASE WHEN outcome = 'ATTENDED' THEN appointment_date END)    AS first_seen,
        MAX(CASE WHEN outcome = 'ATTENDED' THEN appointment_date END)    AS last_seen,
        MIN(CASE WHEN outcome = 'BOOKED' THEN appointment_date END)      AS next_booked,
        SUM(CASE WHEN outcome = 'NOT BROUGHT' THEN 1 ELSE 0 END)         AS not_brought
    FROM example_appointment
    GROUP BY referral_number
) c ON c.referral_number = r.referral_number
-- The hold that is still running, if there is one.
LEFT JOIN example_referral_hold h ON h.referral_number = r.referral_number AND h.is_current = 1
LEFT JOIN example_referral_out o ON o.referral_number = r.referral_number AND o.is_latest = 1;
