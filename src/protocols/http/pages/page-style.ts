/** The colours of a page: each pair of ink and ground is readable (WCAG 2.2 §1.4.3, 4.5 : 1). */
export interface Palette {
  readonly ground: string
  readonly ink: string
  /** For what explains, on `ground`. */
  readonly faint: string
  readonly link: string
  readonly line: string
  readonly good: string
  readonly goodGround: string
  readonly warning: string
  readonly warningGround: string
  readonly bad: string
  readonly badGround: string
}

export const light: Palette = {
  ground: '#ffffff',
  ink: '#1a1d21',
  faint: '#59616a',
  link: '#0b57b0',
  line: '#dde1e6',
  good: '#0a5c2b',
  goodGround: '#e4f4e9',
  warning: '#6d4300',
  warningGround: '#fff1d0',
  bad: '#9a1218',
  badGround: '#fde9e9',
}

export const dark: Palette = {
  ground: '#14171a',
  ink: '#eceff2',
  faint: '#a9b2bb',
  link: '#8fc1ff',
  line: '#333a41',
  good: '#86dca0',
  goodGround: '#12311d',
  warning: '#ffd280',
  warningGround: '#382a08',
  bad: '#ffa19d',
  badGround: '#3d1618',
}

/** All there is of style: one column, the fonts and the colours that the phone prefers. */
export const pageStyle = `:root{color-scheme:light dark;${variables(light)}}
@media(prefers-color-scheme:dark){:root{${variables(dark)}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:40rem;padding:1.25rem 1rem 2rem;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;overflow-wrap:anywhere}
h1{margin:.2rem 0 .6rem;font-size:1.5rem;line-height:1.3}
h2{margin:1.6rem 0 .4rem;font-size:1.05rem}
p{margin:.5rem 0}
a{color:var(--link)}
a.next{display:inline-block;margin:.3rem 0;padding:.55rem .9rem;border:1px solid;border-radius:.5rem;font-size:1.15rem;font-weight:600}
.faint,dt,footer{color:var(--faint);font-size:.875rem}
.code{font:600 1.2rem/1.4 ui-monospace,Menlo,Consolas,monospace}
.standing,.notice{margin:.6rem 0;padding:.6rem .8rem;border-radius:.5rem;border:1px solid}
.standing{font-weight:600}
.good{color:var(--good);background:var(--goodGround)}
.warning{color:var(--warning);background:var(--warningGround)}
.bad{color:var(--bad);background:var(--badGround)}
.notice a,.standing a{color:inherit}
.tick{width:1.1em;height:1.1em;margin-right:.35em;vertical-align:-.15em}
dl{margin:.8rem 0}
dt{margin-top:.6rem}
dd{margin:0}
ul{margin:.3rem 0;padding-left:1.2rem}
footer{margin-top:2rem;padding-top:.7rem;border-top:1px solid var(--line)}
`

function variables(palette: Palette): string {
  return Object.entries(palette)
    .map(([name, colour]) => `--${name}:${colour}`)
    .join(';')
}
