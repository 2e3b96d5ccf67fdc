/** Words of the screen models. */
export const models = {
  "md.models": "Models",
} as const;
