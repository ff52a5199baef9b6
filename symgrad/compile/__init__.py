"""From updates to a callable: checked, compiled by a backend, and audited."""
