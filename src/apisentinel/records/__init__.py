"""The nouns: request batch, evidence, verdict, alert, incident."""
