"""The parameters of the method for tests of the kernels, read from the vars of dbt_project.yml."""

from python_models.correlation.symbols import CorrelationConfig
from python_models.factors.returns import FactorConfig
from python_models.portfolio.value_at_risk import RiskConfig
from python_models.portfolio.volatility import VolatilityConfig
from python_models.stress.rules import StressConfig
from warehouse.method import method_variables

FACTOR_CONFIG = FactorConfig(**method_variables()["factor_rules"])
VOLATILITY_CONFIG = VolatilityConfig(**method_variables()["volatility_rules"])
CORRELATION_CONFIG = CorrelationConfig(**method_variables()["correlation_rules"])
RISK_CONFIG = RiskConfig(**method_variables()["risk_rules"])
STRESS_CONFIG = StressConfig(**method_variables()["stress_rules"])
