"""The order of the stages, and nothing else: rules live in the rooms that think."""
