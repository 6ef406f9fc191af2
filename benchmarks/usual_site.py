"""What people build today, to compare with: Flask, a Keras model, `model.predict` for each request.

It stores nothing, so it has less to do than we.
"""

import os

import keras
import numpy as np
from flask import Flask, request
from PIL import Image

from ml.normalize import SIDE

app = Flask(__name__)
model = keras.models.load_model(os.environ["USUAL_MODEL"])


@app.get("/readyz/")
def ready() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/recognize/")
def recognize() -> dict[str, object]:
    picture = Image.open(request.files["image"].stream).convert("L").resize((SIDE, SIDE))
    pixels = (255 - np.asarray(picture, np.float32)) / 255
    probabilities = model.predict(pixels.reshape(1, SIDE, SIDE, 1), verbose=0)[0]
    return {"digit": int(probabilities.argmax()), "probabilities": probabilities.tolist()}
