/** Words of the screens incidents, incident, entities, entity, endpoints and endpoint. */
export const triage = {
  "tr.incidents": "Incidents",
} as const;
