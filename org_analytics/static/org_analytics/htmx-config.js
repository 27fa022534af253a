"use strict";
// Settings of htmx for this page. A meta element, because every copy of htmx reads it: some hosts load one of their own.
{
  const settings = {
    allowEval: false, // the page works without 'unsafe-eval'
    includeIndicatorStyles: false, // and without inline styles
    historyCacheSize: 0,
    attributesToSettle: [],
    scrollIntoViewOnBoost: false,
    timeout: 30_000,
    responseHandling: [
      { code: "204", swap: false },
      { code: "[23]..", swap: true },
      { code: "400", swap: true }, // a refused value: the answer has its message
      { code: "[45]..", swap: false, error: true },
    ],
  };
  let element = document.querySelector('meta[name="htmx-config"]');
  if (!element) {
    element = document.createElement("meta");
    element.name = "htmx-config";
    document.head.append(element);
  }
  element.content = JSON.stringify({ ...JSON.parse(element.content || "{}"), ...settings });
}
