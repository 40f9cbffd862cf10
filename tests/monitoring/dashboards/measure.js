/* Writes what can be seen of the texts of the page into its head, for a test to read. */
(() => {
  const CLIPPED = 1;
  // A font leaves room above capitals and below most letters, which neighboring lines may share.
  const LEADING = 0.15;

  const colorOf = (text) => text.match(/[\d.]+/g).map(Number);
  const light = (color) =>
    color
      .slice(0, 3)
      .map((each) => each / 255)
      .map((each) => (each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4))
      .reduce((sum, each, place) => sum + each * [0.2126, 0.7152, 0.0722][place], 0);

  const groundOf = (element) => {
    const own = colorOf(getComputedStyle(element).backgroundColor);
    return own.length === 3 || own[3] === 1 ? own : groundOf(element.parentElement);
  };

  const contrastOf = (element) => {
    const [one, other] = [light(colorOf(getComputedStyle(element).color)), light(groundOf(element))];
    return Math.round(((Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)) * 100) / 100;
  };

  const rangeOf = (node, end) => {
    const range = document.createRange();
    range.setStart(node, 0);
    range.setEnd(node, end);
    return range;
  };

  /* Every text with the boxes of its lines. */
  const texts = () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const element = node.parentElement;
      if (!node.data.trim() || element.closest("script, style, noscript, svg")) continue;
      if (getComputedStyle(element).visibility === "hidden") continue;
      const boxes = [...rangeOf(node, node.length).getClientRects()].filter((box) => box.width && box.height);
      if (boxes.length) found.push({ node, element, boxes });
    }
    return found;
  };

  /* What is left of a box within the elements that clip it, and how it was clipped. */
  const clipped = (element, box) => {
    const seen = { left: box.left, right: box.right, top: box.top, bottom: box.bottom, how: "" };
    for (let each = element; each; each = each.parentElement) {
      const style = getComputedStyle(each);
      const isPage = each === document.body || each === document.documentElement;
      // That of the body is the window's.
      const clips = isPage ? getComputedStyle(document.body).overflowY === "hidden" : style.overflowY !== "visible";
      if (!clips) continue;
      const within = isPage
        ? { left: 0, top: 0, right: innerWidth, bottom: innerHeight }
        : each.getBoundingClientRect();
      const isWide = seen.right > within.right + CLIPPED || seen.left < within.left - CLIPPED;
      const isTall = seen.bottom > within.bottom + CLIPPED || seen.top < within.top - CLIPPED;
      if (isWide && style.textOverflow !== "ellipsis") seen.how = "cut";
      if (isTall && style.overflowY !== "auto") seen.how = "cut";
      seen.left = Math.max(seen.left, within.left);
      seen.right = Math.min(seen.right, within.right);
      seen.top = Math.max(seen.top, within.top);
      seen.bottom = Math.min(seen.bottom, within.bottom);
    }
    return seen;
  };

  const overlap = (one, other) => {
    const leading = (box) => (box.bottom - box.top) * LEADING;
    const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
    const top = Math.max(one.top + leading(one), other.top + leading(other));
    const tall = Math.min(one.bottom - leading(one), other.bottom - leading(other)) - top;
    return wide > CLIPPED && tall > CLIPPED;
  };

  /* Of the shortened beginning of a name: how much can be seen, and how much room behind it is empty. */
  const shortened = (head) => {
    const [node] = head.childNodes;
    const dots = head.nextElementSibling.appendChild(document.createElement("span"));
    dots.textContent = "…";
    const ellipsis = dots.getBoundingClientRect().width;
    dots.remove();
    const { width } = head.getBoundingClientRect();
    const ends = Array.from({ length: node.length }, (_, place) => place + 1);
    const widths = ends.map((end) => rangeOf(node, end).getBoundingClientRect().width + ellipsis);
    const seen = widths.filter((each) => each <= width + CLIPPED);
    return { name: head.textContent, letters: seen.length, gap: width - Math.max(0, ...seen) };
  };

  const measure = () => {
    const found = texts();
    const boxes = found.flatMap(({ node, element, boxes }) =>
      boxes.map((box) => ({ node, text: node.data, seen: clipped(element, box) })),
    );
    const shown = boxes.filter(({ seen }) => seen.right > seen.left && seen.bottom > seen.top);
    const panels = [...document.querySelectorAll("section")].map((each) => [each.getBoundingClientRect(), each]);
    panels.sort((one, other) => one[0].top - other[0].top || one[0].left - other[0].left);
    const heads = [...document.querySelectorAll("bdi .head")].filter((each) => each.scrollWidth > each.clientWidth);
    return {
      texts: found.length,
      cut: boxes.filter(({ seen }) => seen.how).map(({ text }) => text),
      overlaps: shown.flatMap((one, place) =>
        shown
          .slice(place + 1)
          .filter((other) => one.node !== other.node && overlap(one.seen, other.seen))
          .map((other) => [one.text, other.text]),
      ),
      outside: found
        .filter(({ element }) => element.closest("section"))
        .filter(({ element, boxes }) => {
          const panel = element.closest("section").getBoundingClientRect();
          return boxes.some((box) => box.bottom > panel.bottom + CLIPPED || box.top < panel.top - CLIPPED);
        })
        .map(({ node }) => node.data),
      shortened: heads.map(shortened),
      contrast: found.map(({ node, element }) => [contrastOf(element), node.data]),
      px: found.map(({ node, element }) => [parseFloat(getComputedStyle(element).fontSize), node.data]),
      wide: document.documentElement.scrollWidth - innerWidth,
      kinds: panels.map(([, each]) => each.dataset.kind),
      redrawn: !panel.isConnected,
      says: document.getElementById("state").textContent,
      theme: document.documentElement.dataset.theme,
      animation: getComputedStyle(document.body, "::after").animationName,
      scale: Math.min(innerWidth / 1920, innerHeight / 1080),
    };
  };

  const panel = document.querySelector("section");
  const written = document.head.appendChild(document.createElement("pre"));
  written.id = "measured";
  setInterval(() => {
    written.textContent = JSON.stringify(measure());
  }, 500);
})();
