/** The look of both pages, by the reader's own light or dark. */
export const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; --line: color-mix(in srgb, currentColor 20%, transparent); }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
header { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: baseline; border-bottom: 1px solid var(--line); padding-bottom: .75rem; }
h1 { font-size: 1.25rem; margin: 0; }
h2 { font-size: .875rem; font-weight: 600; margin: 1rem 0 .5rem; opacity: .7; }
header p { margin: 0; }
progress { width: 10rem; vertical-align: middle; }
dl { margin: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .5rem 1rem; }
dl > div { border-top: 1px solid var(--line); padding-top: .25rem; min-width: 0; }
dl > .text { grid-column: 1 / -1; }
dt { font-size: .8125rem; opacity: .7; overflow-wrap: anywhere; }
dd { margin: 0; overflow-wrap: anywhere; }
.text dd { font-size: 1.25rem; line-height: 1.6; white-space: pre-wrap; max-height: 40vh; overflow: auto; }
.missing { opacity: .5; }
.labels { position: sticky; bottom: 0; display: flex; flex-wrap: wrap; gap: .5rem; padding: 1rem 0; background: Canvas; }
button { font: inherit; padding: .5rem 1rem; border: 1px solid var(--line); border-radius: .5rem; background: ButtonFace; color: ButtonText; cursor: pointer; min-height: 2.75rem; }
button:disabled { opacity: .5; cursor: default; }
:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
kbd { font: inherit; font-size: .8125rem; border: 1px solid var(--line); border-radius: .25rem; padding: 0 .375rem; margin-right: .25rem; }
input { font: inherit; padding: .25rem .5rem; }
.problem { border-left: 4px solid #c0392b; padding: .5rem 1rem; }
table { border-collapse: collapse; width: 100%; margin-top: 1rem; }
th, td { text-align: left; padding: .5rem; border-bottom: 1px solid var(--line); }
[hidden] { display: none !important; }
`
