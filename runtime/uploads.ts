/** An object that somebody sends past us, part by part; it is there when it is completed, and not before. */
export interface StartedUpload {
  /** Of the object. */
  readonly name: string
  readonly id: string
}

export interface UploadedPart {
  /** From 1. */
  readonly part: number
  readonly bytes: number
}

/** URLs by which a caller reads and sends objects at the store itself. Each is good for one thing, until `seconds` are over. */
export interface Uploads {
  /** Where the bytes of an object can be got; also when there is none (yet): then it answers 404. */
  presignGet(name: string, seconds: number): Promise<string>
  beginUpload(name: string): Promise<StartedUpload>
  /** Where a part goes by PUT: 1 to 10,000, all but the last of at least 5 MiB; again replaces it. With `sha256` (hex) only these bytes are taken, sent with the header `x-amz-checksum-sha256` (base64). */
  presignPart(
    upload: StartedUpload,
    part: number,
    options: { readonly seconds: number; readonly sha256?: string },
  ): Promise<string>
  /** The parts that have arrived, so that a sender can go on after a break; an upload that is not there: `not_found`. */
  listParts(upload: StartedUpload): Promise<readonly UploadedPart[]>
  /** Makes the object of the parts that have arrived, in place of what has its name; answers with its size in bytes. A part that is missing or too small: `invalid_input`. */
  completeUpload(upload: StartedUpload): Promise<number>
  /** Drops it; also when it is not there. */
  abortUpload(upload: StartedUpload): Promise<void>
}
