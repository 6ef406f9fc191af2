"""Recognize handwritten digits. This package does not depend on Django.

Its modules and packages are:

    arrays           the array types and the image size that all modules of ml share
    native_messages  hide the messages of native libraries
    runtime          from the model input to the prediction, with LiteRT
    base             the model that ships with the code
    personalization  adjust a prediction to a person's earlier drawings
    preprocessing    from the image file to the model input: decode, extract ink, segment, normalize
    data             MNIST, the generated training images, and probably wrong labels
    evaluation       compare two versions on evaluation sets; explain a prediction
    training         train and calibrate the network; record the code and libraries used

They are layers. Within ml, each module imports only from its own layer and from earlier ones in
this list.
"""
