"""The look of the installation card: one sheet of A5 or A4, in black on white, readable on a phone too."""

STYLE = """
@page{size:A5;margin:8mm}
*{box-sizing:border-box}
body{margin:0 auto;max-width:46rem;padding:1rem;background:#fff;color:#000;
font:1rem/1.4 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header{display:flex;gap:1rem;justify-content:space-between;align-items:flex-start;flex-wrap:wrap}
h1{font-size:1.9rem;line-height:1.1;margin:0;overflow-wrap:anywhere}
h2{font-size:1rem;margin:1rem 0 .25rem;border-bottom:2px solid #000}
p{margin:.25rem 0}
.kind{font-weight:600;letter-spacing:.06em;text-transform:uppercase;font-size:.8rem}
.codes{display:flex;gap:1rem}
figure{margin:0;text-align:center}
figcaption{font-size:.8rem}
.qr{width:8.5rem;height:8.5rem;display:block}
table{width:100%;border-collapse:collapse}
th,td{text-align:left;vertical-align:top;padding:.2rem .5rem .2rem 0;border-bottom:1px solid #bbb}
th{white-space:nowrap;font-weight:600;width:1%}
.note{color:#444;font-size:.85rem}
code{font:600 1rem/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
ol{list-style:none;margin:.25rem 0;padding:0}
li{padding:.1rem 0 .1rem 1.6rem;position:relative}
li::before{content:"";position:absolute;left:0;top:.25rem;width:1rem;height:1rem;border:1.5px solid #000}
footer{margin-top:.75rem;font-size:.85rem}
@media (max-width:34rem){.note{display:none}.qr{width:7rem;height:7rem}}
@media print{
body{max-width:none;padding:0;font-size:8pt;line-height:1.2}
h1{font-size:15pt}
h2{font-size:8pt;margin:1.5mm 0 .5mm}
code{font-size:8pt;line-height:1.2}
th,td{padding:.2mm 2mm .2mm 0}
.note{display:table-cell;font-size:6.5pt}
.kind,figcaption,footer{font-size:6.5pt}
p,ol{margin:.3mm 0}
.qr{width:24mm;height:24mm}
tr,li,figure{break-inside:avoid}
li{padding-left:5mm}li::before{width:3mm;height:3mm;top:.4mm}
footer{margin-top:1mm}
}
"""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Installation card {cpid}</title>
<style>{style}</style>
</head>
<body>
<header>
<div>
<p class="kind">Installation card</p>
<h1>{cpid}</h1>
<p>{name}</p>
</div>
<div class="codes">{codes}</div>
</header>
<main>
<h2>Where to connect</h2>
<table>{address}</table>
<h2>How to log in</h2>
<table>{login}</table>
<h2>What it needs</h2>
<table>{surroundings}</table>
<h2>Before you leave</h2>
<ol>{checks}</ol>
</main>
<footer><p>{secret}</p><p>Made {printed} by Zeus CSMS.</p></footer>
</body>
</html>
"""
