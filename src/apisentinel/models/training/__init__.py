"""How models are trained; the only place that imports training libraries, and only when it runs."""
