"""Random Forest: trees grown side by side on parts of rows and features, as XGBoost grows them."""

from typing import ClassVar

from apisentinel.models.xgboost import XgboostModel


class RandomForestModel(XgboostModel):
    """A trained Random Forest: one round of parallel trees, whose log-odds are averaged."""

    name: ClassVar[str] = "random_forest"
