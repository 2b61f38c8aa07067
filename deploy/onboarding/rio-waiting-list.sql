-- EXAMPLE, UNVERIFIED. A view that gives the native columns from a reporting copy of the Rio kind.
--
-- The names of the tables and columns below are invented, and no supplier has checked them. Put your own in their place, keep
-- the names after AS and their order, and compare the counts with your own list before you send anything.
--
-- Days are taken to be of type DATE. Where yours have a time of day, write CONVERT(char(10), the_day, 23) in their place.
-- Codes are local there: example_lookup gives the national one for each. A code without one is sent as it is, and warned about.
CREATE VIEW waiting_list AS
SELECT
    ref.ReferralID                AS referral_id,
    cli.NHSNumber                 AS nhs_number,
    cli.ClientID                  AS local_patient_id,
    cli.DateOfBirth               AS date_of_birth,
    tm.Pathway                    AS pathway,
    ref.ReferralDate              AS referral_received_date,
    CASE ref.StatusCode
        WHEN 'REJ' THEN 'rejected'
        WHEN 'DIS' THEN 'closed'
        WHEN 'SUS' THEN 'on-hold'
        WHEN 'TRE' THEN 'seen'
        ELSE 'waiting'
    END                           AS status,
    cli.TraceStatus               AS nhs_number_status,
    COALESCE(sex.NationalCode, cli.SexCode)           AS sex,
    COALESCE(eth.NationalCode, cli.EthnicityCode)     AS ethnic_category,
    cli.LSOA                      AS lsoa,
    cli.District                  AS district,
    cli.LocalAuthority            AS responsible_la,
    cli.PracticeCode              AS gp_practice,
    cli.SchoolURN                 AS school_urn,
    wl.StageName                  AS stage,
    wl.StageStart                 AS stage_start_date,
    ref.OriginalReferralDate      AS original_referral_date,
    ref.PreviousReferralID        AS previous_referral_id,
    ref.PreviousProvider          AS previous_provider,
    ref.UBRN                      AS ubrn,
    ref.PathwayID                 AS pathway_id,
    ref.PathwayIssuer             AS pathway_id_issuer,
    COALESCE(urg.NationalCode, ref.UrgencyCode)       AS priority,
    COALESCE(src.NationalCode, ref.SourceCode)        AS source_of_referral,
    ref.ReferringOrganisation     AS referred_by,
    ref.OnwardOrganisation        AS onward_to,
    ref.OnwardDate                AS onward_date,
    ref.OnwardReason              AS onward_reason,
    ref.Commissioner              AS commissioner,
    tm.TeamName                   AS team,
    tm.ContractHolder             AS subcontracted_by,
    ref.RightToChoose             AS right_to_choose,
    tm.MeasurementType            AS waiting_time_measurement_type,
    ref.RTTStatus                 AS rtt_status,
    con.FirstContact              AS first_contact_date,
    con.LastContact               AS last_contact_date,
    wl.NextAppointment            AS next_appointment_date,
    con.NotBrought                AS not_brought_count,
    wl.SuspendedFrom              AS hold_from,
    wl.SuspendedTo                AS hold_to,
    wl.SuspensionReason           AS hold_reason,
    CASE WHEN ref.StatusCode = 'DIS' THEN ref.EndDate END            AS closed_date,
    CASE WHEN ref.StatusCode = 'DIS' THEN dis.NationalCode END       AS closure_reason,
    CASE WHEN ref.StatusCode = 'REJ' THEN ref.EndDate END            AS rejected_date,
    CASE WHEN ref.StatusCode = 'REJ' THEN rej.NationalCode END       AS rejection_reason,
    cli.DateOfDeath               AS date_of_death
FROM example_Referral ref
JOIN example_Client cli ON cli.ClientID = ref.ClientID
-- A team that is in no pathway is not sent. A team alone does not make a referral autism: say so here only where it does.
JOIN example_Team tm ON tm.TeamCode = ref.TeamCode
LEFT JOIN example_WaitingList wl ON wl.ReferralID = ref.ReferralID
LEFT JOIN (
    SELECT
        ReferralID,
        MIN(CASE WHEN Attended = 1 THEN ContactDate END) AS FirstContact,
        MAX(CASE WHEN Attended = 1 THEN ContactDate END) AS LastContact,
        SUM(CASE WHEN Attended = 0 THEN 1 ELSE 0 END)    AS NotBrought
    FROM example_Contact
    GROUP BY ReferralID
) con ON con.ReferralID = ref.ReferralID
LEFT JOIN example_Lookup sex ON sex.Kind = 'SEX' AND sex.LocalCode = cli.SexCode
LEFT JOIN example_Lookup eth ON eth.Kind = 'ETHNICITY' AND eth.LocalCode = cli.EthnicityCode
LEFT JOIN example_Lookup urg ON urg.Kind = 'URGENCY' AND urg.LocalCode = ref.UrgencyCode
LEFT JOIN example_Lookup src ON src.Kind = 'SOURCE' AND src.LocalCode = ref.SourceCode
LEFT JOIN example_Lookup dis ON dis.Kind = 'DISCHARGE' AND dis.LocalCode = ref.EndReason
LEFT JOIN example_Lookup rej ON rej.Kind = 'REJECTION' AND rej.LocalCode = ref.EndReason;
