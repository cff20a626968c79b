//! By hazard: what must hold when things go wrong.
