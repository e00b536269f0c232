"""What runs in the guest. It is packed into the guest's root as `/lab/guest`, without the rest of the project.

So these modules import one another relatively, and nothing else of the project: the project itself is mounted after the
snapshot, and editing it must not need a new one.
"""
