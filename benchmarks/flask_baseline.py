"""The baseline site: Flask and a Keras model. Each request calls `model.predict`.

It stores nothing, so it does less work per request than our site does.
"""

import os

import keras
import numpy as np
from flask import Flask, request
from PIL import Image

from ml.arrays import IMAGE_SIDE

app = Flask(__name__)
model = keras.models.load_model(os.environ["BASELINE_MODEL"])


@app.get("/readyz/")
def ready() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/recognize/")
def recognize() -> dict[str, object]:
    image = Image.open(request.files["image"].stream).convert("L")
    grey = np.asarray(image.resize((IMAGE_SIDE, IMAGE_SIDE)), np.float32)
    pixels = (255 - grey) / 255
    probabilities = model.predict(pixels.reshape(1, IMAGE_SIDE, IMAGE_SIDE, 1), verbose=0)[0]
    return {"digit": int(probabilities.argmax()), "probabilities": probabilities.tolist()}
