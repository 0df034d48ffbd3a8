"""The models, a file each; :mod:`actionrec.models.table` lists them.

A model's file holds all that is its own: its section of ``params.yaml`` and what that rules out, its recipe of
clips, its network (a ``torch.nn.Module`` from a dict of tensors to logits (B, classes)), where it was published
and how many parameters it has there.
"""
