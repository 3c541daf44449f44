/** What whoever wrote the script can mend: said in one line, without a trace of ours. */
export class ScriptFault extends Error {}

/** The exit code of the program that says so: its last line is the reason. */
export const FAULT = 3
