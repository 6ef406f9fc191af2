"""Recognize handwritten digits. This package does not depend on Django.

Its modules and packages are:

    arrays         the array types and the image size that all modules of ml share
    preprocessing  from the image file to the model input: decode, extract ink, segment, normalize
    runtime        from the model input to the prediction, with LiteRT
    base           the model that ships with the code
    data           MNIST, the generated training images, and probably wrong labels
    training       train and calibrate the network; record the code and libraries used
    evaluation     compare two versions on evaluation sets; explain a prediction

They are layers: training, evaluation, data, preprocessing, runtime, arrays. Within ml, each module
imports only from its own layer and from later ones in this list.
"""
