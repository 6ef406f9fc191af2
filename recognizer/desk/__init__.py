"""The desk: where reviewers decide what is learned, and see how it goes."""
