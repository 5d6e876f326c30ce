//! Recipes from strangers: no network and no token without consent.
