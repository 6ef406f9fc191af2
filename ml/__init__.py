"""Recognize handwritten digits. This package does not depend on Django.

The packages, in the order in which a drawing and then a training pass through them:

    arrays         the array types and the image size that all of ml shares
    preprocessing  image file to model input: decode it, find the ink, segment it, scale it to 28x28
    runtime        model input to prediction, with LiteRT; base/ holds the version that ships
    data           MNIST, and images made from it: deformations, styles, pens, negatives
    training       optimize and calibrate the network; record the code and libraries used
    evaluation     compare two versions on evaluation sets; explain a prediction

A module imports only from packages below its own:
training, evaluation, data, preprocessing, runtime, arrays.
"""
