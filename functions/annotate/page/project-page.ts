import { html } from 'hono/html'
import type * as z from 'zod'
import type { Project } from '../project.ts'
import type { Texts } from './texts.ts'

export interface Place {
  readonly texts: Texts
  /** Where the function lies for the reader: `/default/annotate`, or nothing. */
  readonly prefix: string
}

/** The page on which a person labels the rows of a project, one after the other. */
export function projectPage(
  project: z.infer<typeof Project>,
  { person, texts, prefix }: Place & { readonly person: string },
) {
  const { name, state } = project
  return html`<!doctype html>
<html lang="${texts.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
${state === 'waiting' ? html`<meta http-equiv="refresh" content="2">` : ''}
<title>${name} · ${texts.projects}</title>
<link rel="stylesheet" href="${prefix}/page.css">
${state === 'open' ? html`<script type="module" src="${prefix}/page.js"></script>` : ''}
</head>
<body>
<header>
<h1 id="project" data-url="${prefix}/projects/${name}">${name}</h1>
${progress(project, texts)}
<a href="${prefix}/">${texts.projects}</a>
</header>
<main>
${state === 'open' ? work(project, { texts, person }) : html`<p>${state === 'waiting' ? texts.isWaiting : texts.isCompleted}</p>`}
</main>
</body>
</html>`
}

function progress({ tasks, overlap, annotations, done, agreement, kappa }: z.infer<typeof Project>, texts: Texts) {
  return html`<p><progress id="progress" max="${tasks * overlap || 1}" value="${annotations}" aria-label="${texts.done}"></progress>
<span id="done">${done} / ${tasks}</span></p>
<p id="agreement" ${agreement === null ? html`hidden` : ''}>${texts.agreement}
<span id="share">${Math.round((agreement ?? 0) * 100)} %</span>
<span id="kappa">${kappa?.value == null ? '' : `κ ${kappa.value.toFixed(2)}`}</span></p>`
}

function work(
  { labels, columns }: z.infer<typeof Project>,
  { texts, person }: Pick<Place, 'texts'> & { readonly person: string },
) {
  // Texts are what is read; the small values stand behind them.
  const ordered = columns.toSorted((a, b) => Number(b.type === 'text') - Number(a.type === 'text'))
  return html`<noscript><p class="problem">${texts.script}</p></noscript>
<p id="alert" class="problem" role="alert" hidden><span id="problem"></span> <a href="">${texts.reload}</a></p>
<article id="row" aria-live="polite" hidden>
<h2>${texts.row} <span id="number"></span></h2>
<dl>
${ordered.map(
  ({ name, type }) => html`<div class="${type}"><dt>${name}</dt><dd data-column="${name}"></dd></div>
`,
)}</dl>
</article>
<section id="finished" hidden>
<p>${texts.finished}</p>
<button id="complete" type="button" data-question="${texts.question}">${texts.complete}</button>
</section>
<div class="labels" role="group" aria-label="${texts.labels}">
${labels.map((label, i) => labelButton(label, i + 1))}</div>
<p><button id="undo" type="button" aria-keyshortcuts="u" disabled><kbd>u</kbd>${texts.undo}</button>
<label><input id="keys" type="checkbox" checked> ${texts.keys}</label></p>
<p><label>${texts.person} <input id="person" value="${person}" maxlength="200" autocomplete="name"></label></p>`
}

function labelButton(label: string, key: number) {
  if (key > 9)
    return html`<button type="button" data-label="${label}" disabled>${label}</button>
`
  return html`<button type="button" data-label="${label}" aria-keyshortcuts="${key}" disabled><kbd>${key}</kbd>${label}</button>
`
}
