"""From labelled pictures to a released bundle; with the Keras half of `runtime`, all that knows TensorFlow."""
