// Single keys for whoever works here all day: j k Enter a v / n ?. Everything works without. Whoever switches keys off is not sent this file.
(function () {
  'use strict';
  var typing = /^(INPUT|TEXTAREA|SELECT)$/;
  function rows() { return Array.prototype.slice.call(document.querySelectorAll('a[data-row]')); }
  function move(step) {
    var all = rows();
    if (!all.length) return;
    var at = all.indexOf(document.activeElement);
    var next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step));
    all[next].focus();
    all[next].scrollIntoView({ block: 'nearest' });
  }
  function go(selector) {
    var found = document.querySelector(selector);
    if (!found) return;
    found.focus();
    found.scrollIntoView({ block: 'center' });
  }
  function take() {
    var row = document.activeElement && document.activeElement.closest('tr');
    var button = (row || document).querySelector('button[data-take]');
    if (button) button.click();
  }
  function help() {
    var dialog = document.getElementById('keys');
    if (dialog && dialog.showModal && !dialog.open) dialog.showModal();
  }
  document.addEventListener('keydown', function (event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented) return;
    var on = event.target;
    if (on && ((typing.test(on.tagName) && on.type !== 'radio') || on.isContentEditable)) return;
    if (document.querySelector('dialog[open]')) return;
    var acts = {
      j: function () { move(1); },
      k: function () { move(-1); },
      a: take,
      v: function () { go('[data-verdict]'); },
      '/': function () { go('[data-filter]'); },
      n: function () {
        var news = document.querySelector('[data-news]:not([hidden])');
        if (news) news.click();
      },
      '?': help
    };
    if (!Object.prototype.hasOwnProperty.call(acts, event.key)) return;
    event.preventDefault();
    acts[event.key]();
  });
})();
