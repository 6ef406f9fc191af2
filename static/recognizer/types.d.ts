// Types of the draw page, for the type checker. Browsers never load this file.

/** A point is [x, y, time]. A stylus adds its pressure, 0 to 1. */
export type Point = number[];

export interface Stroke {
  width: number;
  points: Point[];
}

export interface Upload {
  bitmap: HTMLCanvasElement | HTMLImageElement | ImageBitmap;
  url: string;
  /** Whether the picture shows a single row. Otherwise, it may be a page with several. */
  isSingleRow?: boolean;
}

export interface Content {
  strokes: Stroke[];
  upload: Upload | null;
}

/** Null means "not a digit". */
export type Digit = number | null;

/** [x, y, width, height] as fractions of the image. */
export type Box = number[];

export interface Prediction {
  digit: Digit;
  confidence: number;
  probabilities: number[];
  model_input: string;
  box?: Box;
  explanation?: number[][];
  personal?: { network_digit: Digit; network_confidence: number; neighbours: string[] } | null;
}

/** A number on a page with several rows. */
export interface PageNumber {
  number: string | null;
  box: Box;
}

export interface Submission extends Prediction {
  id: string;
  correction: { digit: Digit } | null;
  review: string;
}

/**
 * A drawing on the canvas, and what the server knows about it. Its `content` changes with each
 * stroke. After a pause, it becomes `finished`. While it is sent, it is `unanswered`. When the server
 * has stored or refused it, it is `processed`. A further stroke changes `content` only, and the next
 * pause starts again: the server stores the new content, and deletes the earlier submissions.
 */
export interface Drawing {
  content: Content;
  /** Earlier contents, for undo. */
  past: Content[];
  /** Undone contents, for redo. */
  future: Content[];
  /** The drawing that was on the canvas before *Clear*. */
  cleared: Drawing | null;
  /** The content to store. */
  finished: Content;
  /** The content that the server has stored or refused. */
  processed: Content | null;
  /** One per digit, from left to right. */
  predictions: Prediction[] | null;
  /** The numbers of a picture with several rows, of which the visitor chooses one. */
  rows: PageNumber[][];
  /** Index of the digit that the details and the correction buttons refer to. */
  selected: number;
  /** The stored submissions, one per digit. */
  submissions: Submission[];
  /** Submissions of the same picture or strokes that the visitor had stored before. */
  earlierIds: string[];
  /** One per digit; undefined means no correction. */
  corrections: (Digit | undefined)[];
  /** The corrections that the server has saved. */
  savedCorrections: (Digit | undefined)[];
  /** Whether the drawing was stored again, because its first submission is gone. */
  isStoredAgain: boolean;
  /** Content that was sent without a response, so the server may have stored it. */
  unanswered: Content | null;
  /** Whether the server refused to store `processed`. The submissions are those of an earlier content. */
  isRefused: boolean;
  /** Why the server refused the last correction. */
  correctionRefusal: string;
  /** Why the server refused the drawing. */
  refusal: string;
  /** The API's code for it. */
  refusalCode: string;
  /** Whether the end of the uploaded file is missing. */
  isIncomplete: boolean;
  notice: string;
}

/** The receiver of strokes, and the width of the next one. */
export interface Pen {
  width(): number;
  beginStroke(): void;
  continueStroke(stroke: Stroke): void;
  endStroke(stroke: Stroke): void;
  discardStroke(): void;
  penToggled(isUp: boolean): void;
}
