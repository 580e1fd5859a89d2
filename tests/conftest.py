from hypothesis import HealthCheck, settings

# Reproducible in CI, and no limit on time: machines differ, claims do not.
settings.register_profile("mlpscope", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mlpscope")
