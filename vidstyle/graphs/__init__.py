"""The pre- and post-processing graphs, joined to a network. The only room that imports onnx."""
