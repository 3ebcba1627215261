"""How the gateway is, for machines that watch it: health, figures in the form that Prometheus reads."""
