"""How the built-in assets are modelled: each module builds one asset's .blend from nothing."""
