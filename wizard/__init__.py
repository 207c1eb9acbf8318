"""wizard: from an empty server or an AWS account to a self-hosted LLM chat platform."""

__version__ = "0.1.0"
