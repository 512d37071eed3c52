// Today's queue says when it is no longer what is shown, and is fetched anew when its reader asks: nothing moves under a hand or an eye, and
// what is fetched is written down as looked at. Without script the page says of when it is, and offers to look again.
(function () {
  'use strict';
  var queue = document.getElementById('queue');
  var age = document.getElementById('age');
  var news = document.getElementById('news');
  var show = document.getElementById('show-news');
  if (!queue || !age || !news || !show || !window.EventSource || !window.fetch) return;
  // Events come in bursts: they are waited for so long, in milliseconds, before the server is asked what they come to.
  var GATHERED = 400;
  // How long after an answer that was none it is asked again.
  var AGAIN = 5000;
  // Connections that fail in a row before the page says so.
  var PATIENCE = 3;
  var after, seen, source, timer, asking, failed = 0, over = false;

  function says(state) {
    if (age.getAttribute('data-says') === state) return;
    age.setAttribute('data-says', state);
    Array.prototype.forEach.call(age.querySelectorAll('[data-when]'), function (one) {
      one.hidden = one.getAttribute('data-when').split(' ').indexOf(state) < 0;
    });
  }
  function rows(root) {
    return Array.prototype.map.call(root.querySelectorAll('tr[data-case]'), function (row) {
      return row.getAttribute('data-case') + ':' + row.getAttribute('data-version');
    });
  }
  function tell(counts) {
    var parts = ['new', 'changed', 'gone'].filter(function (kind) { return counts[kind] > 0; }).map(function (kind) {
      return news.getAttribute('data-' + kind).replace('#', String(counts[kind]));
    });
    var text = parts.join(news.getAttribute('data-joined'));
    // What has not changed is not read out again.
    if (news.textContent !== text) news.textContent = text;
    if (text || document.activeElement !== show) show.hidden = !text;
  }
  function ask() {
    timer = undefined;
    if (asking) { soon(GATHERED); return; }
    asking = true;
    fetch('/api/v1/queue?rows=' + rows(queue).join(','), { credentials: 'same-origin', redirect: 'error' }).then(function (answer) {
      // Nobody is signed in any more, or there is no queue for them.
      if (answer.status === 401 || answer.status === 404) { over = true; disconnect(); says('lost'); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.json().then(function (counts) {
        tell(counts);
        if (!source && !document.hidden) connect();
      });
    }).catch(function () { soon(AGAIN); }).then(function () { asking = false; });
  }
  function soon(wait) { if (timer === undefined) timer = setTimeout(ask, wait); }
  function heard(event) {
    after = event.lastEventId || after;
    if (event.type === 'case' || event.type === 'reset') soon(GATHERED);
    // Something has happened that is none of this reader's any more: a row may be gone.
    if (event.type === 'reached') {
      if (seen !== after) soon(GATHERED);
      seen = after;
    }
  }
  function disconnect() { if (source) source.close(); source = undefined; }
  function connect() {
    disconnect();
    // The first answer comes when something has happened, or after some seconds.
    if (failed <= PATIENCE) says('follows');
    source = new EventSource('/api/v1/events?after=' + encodeURIComponent(after));
    ['case', 'reset', 'reached'].forEach(function (kind) { source.addEventListener(kind, heard); });
    source.onopen = function () { failed = 0; says('follows'); };
    source.onerror = function () {
      failed += 1;
      // An answer ends after some seconds, and the browser asks again by itself; where it was refused it does not: why is asked for.
      var refused = source && source.readyState === 2;
      if (refused) { disconnect(); soon(AGAIN); }
      if (refused || failed > PATIENCE) says('lost');
    };
  }
  function swap(text) {
    var page = new DOMParser().parseFromString(text, 'text/html');
    var fresh = page.getElementById('queue');
    if (!fresh) { window.location.assign('/'); return; }
    var known = rows(queue);
    var active = document.activeElement;
    var at = active && queue.contains(active) ? active.getAttribute('href') : null;
    queue.replaceChildren.apply(queue, Array.prototype.map.call(fresh.childNodes, function (node) { return document.importNode(node, true); }));
    queue.setAttribute('data-after', fresh.getAttribute('data-after'));
    ['h1 time', '#age time'].forEach(function (where) {
      var time = page.querySelector(where), old = document.querySelector(where);
      if (time && old) old.replaceWith(document.importNode(time, true));
    });
    var marked = Array.prototype.filter.call(queue.querySelectorAll('tr[data-case]'), function (row) {
      return known.indexOf(row.getAttribute('data-case') + ':' + row.getAttribute('data-version')) < 0;
    });
    marked.forEach(function (row) {
      var mark = document.createElement('b');
      mark.className = 'fresh';
      mark.textContent = news.getAttribute('data-mark');
      row.lastElementChild.append(' ', mark);
    });
    tell({});
    show.hidden = true;
    // Whoever was at a row is at it again; whoever pressed the link, which is gone, goes on at what is new.
    var same = Array.prototype.filter.call(queue.querySelectorAll('a[data-row]'), function (link) { return link.getAttribute('href') === at; });
    if (at || active === show) (same[0] || (marked[0] || queue).querySelector('a[data-row]') || queue).focus();
    after = queue.getAttribute('data-after');
    seen = after;
    connect();
  }
  show.addEventListener('click', function (event) {
    event.preventDefault();
    disconnect();
    fetch('/', { credentials: 'same-origin' }).then(function (answer) {
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      return answer.text();
    }).then(swap).catch(function () { window.location.assign('/'); });
  });
  // A browser keeps few connections to one place, and nobody reads what is hidden.
  document.addEventListener('visibilitychange', function () { if (document.hidden) disconnect(); else if (!over) connect(); });
  after = seen = queue.getAttribute('data-after');
  if (!document.hidden) connect();
})();
