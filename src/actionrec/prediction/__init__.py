"""The use of a trained model: predictions of every val and test video, and the model as one file for elsewhere."""
