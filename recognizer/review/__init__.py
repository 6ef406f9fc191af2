"""The review pages: the queue, bulk review, the dashboard and reviewer agreement."""
