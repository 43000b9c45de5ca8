"""Small tables of records before and after protection."""

from __future__ import annotations

import numpy as np
import pandas as pd


def people(records: int = 600, seed: int = 5) -> pd.DataFrame:
    """Return made-up people: a region, an education, a sex, an age, and a pay that depends on all of them."""
    random = np.random.default_rng(seed)
    education = random.integers(1, 5, records)
    sex = random.choice(["woman", "man"], records)
    age = random.integers(18, 80, records)
    pay = 900.0 * education + 12.0 * age + 300.0 * (sex == "man") + random.normal(0, 400, records)
    return pd.DataFrame(
        {
            "region": random.choice(["Northmark", "Southfold", "Eastwick", "Westby"], records, p=[0.4, 0.3, 0.2, 0.1]),
            "education": education,
            "sex": sex,
            "age": age,
            "pay": np.round(pay, 2),
            "grossing": random.integers(20, 60, records).astype(float),
        }
    )


def noisy(frame: pd.DataFrame, size: float, seed: int = 6) -> pd.DataFrame:
    """Return the people with noise of `size` standard deviations on their pay."""
    random = np.random.default_rng(seed)
    spread = float(frame["pay"].std())
    return frame.assign(pay=frame["pay"] + random.normal(0, size * spread, len(frame)))
