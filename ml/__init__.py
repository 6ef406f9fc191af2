"""Reads handwritten digits. Plain Python: nothing here knows of Django.

The files in the order in which a drawing, and then a training, goes through them:

    parts       image bytes          -> whether their parts would take too long
    decode      image bytes          -> grey picture
    normalize   grey picture         -> the 28x28 that a network sees
    photo       a photo of paper     -> the ink on it, for normalize
    blots       ink                  -> which of it is connected
    runtime     28x28                -> digit, confidence, probabilities (LiteRT)
    segment     grey picture         -> the digits that stand side by side in it, each read
    explain     28x28                -> which parts the answer hangs on
    mnist       the MNIST file       -> checked arrays, split for training
    styles      digits               -> the same, as people elsewhere write them
    restroke    digits               -> the same, drawn with another pen
    letters     a stroke font        -> letters as ever another hand writes them
    outliers    letters, scribbles   -> 28x28 pictures that are not a digit
    augment     28x28 batch          -> the same digits, written by another hand
    mislabelled corrections          -> which labels are likely wrong
    epoch       sets of images       -> one set, without a copy of them
    network     the network          -> its weights as bytes, its LiteRT model
    training    images and labels    -> a trained, calibrated network
    judges      MNIST's held back    -> other styles, and no digits, that judge a candidate
    evaluation  two networks         -> which one reads better
    make_base   MNIST alone          -> the version that ships, in base/
"""
