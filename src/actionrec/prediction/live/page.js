// Takes pictures, asks for one answer at a time, and draws what comes back. Speaks with this page's server alone.
"use strict";

const HEADER_BYTES = 24;
const LONGEST_SIDE = 640;
const JPEG_QUALITY = 0.8;
const TIMELINE_SECONDS = 60;
const MIN_VISIBILITY = 0.5;
const TAKEN_OVER = 4000;
const COLOURS = { pose: "#ffd23f", left_hand: "#ff6fb0", right_hand: "#4de0ff" };
const CLASS_COLOURS = ["#4682dc", "#e67828", "#3caa5a", "#d23c3c", "#8c64c8", "#966e46", "#dc78be"];

const at = (id) => document.getElementById(id);
const video = at("video");
const sent = document.createElement("canvas"); // the picture that is away, shown again with its skeleton

let socket = null;
let greeting = null;
let stream = null;
let waitsForAnswer = false;
let waiting = null; // the picture that came while the answer to another is outstanding: {seconds, at}
let number = 0;
let skipped = 0;
let takenAt = 0;
let roundTripMs = 0;
let numAnswers = 0;
let past = []; // answers of the last minute: {at, name, probability}

function say(problem) {
  at("problem").textContent = problem;
  at("problem").hidden = !problem;
}

function connect() {
  return new Promise((resolve, reject) => {
    socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
    socket.binaryType = "arraybuffer";
    const mine = socket;
    mine.onmessage = (event) => {
      if (mine !== socket) return;
      const message = JSON.parse(event.data);
      if (message.error) {
        say(message.error);
      } else if (message.lines) {
        greeting = message;
        at("model").textContent = message.model;
        resolve();
      } else {
        receive(message);
      }
    };
    mine.onclose = (event) => {
      if (mine !== socket) return;
      socket = null;
      if (event.code === TAKEN_OVER) say("This page was opened elsewhere, and goes on there.");
      else if (at("problem").hidden) say("The program on the server has ended, or cannot be reached. Start it, then try again.");
      stop();
      reject(new Error("closed"));
    };
  });
}

async function start(open) {
  stop();
  say("");
  try {
    await open();
    await video.play();
  } catch (error) {
    stop();
    say(`The picture cannot be shown (${error.name}: ${error.message}).`);
    return;
  }
  try {
    await connect();
  } catch {
    return; // said where the connection ended
  }
  number = skipped = roundTripMs = numAnswers = 0;
  waitsForAnswer = false;
  waiting = null;
  past = [];
  at("stop").hidden = false;
  at("mirroring").hidden = false;
  nextPicture();
}

function stop() {
  const closing = socket;
  socket = null;
  if (closing) closing.close();
  video.pause();
  if (stream) for (const track of stream.getTracks()) track.stop();
  stream = null;
  video.srcObject = null;
  if (video.src) URL.revokeObjectURL(video.src);
  video.removeAttribute("src");
  at("stop").hidden = true;
  at("mirroring").hidden = true;
}

async function openCamera() {
  if (!navigator.mediaDevices) {
    throw new Error("browsers give a camera to pages of this machine or over https alone; choose a file instead");
  }
  stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 }, audio: false });
  at("mirror").checked = true;
  video.srcObject = stream;
}

function openFile(file) {
  at("mirror").checked = false;
  video.src = URL.createObjectURL(file);
}

// One call a picture of the camera or file, where the browser tells; else one a repaint.
function nextPicture() {
  const mine = socket;
  const onPicture = (_now, facts) => {
    if (mine !== socket || !mine) return;
    if (waiting) skipped += 1; // the latest wins
    waiting = { seconds: facts ? facts.mediaTime : video.currentTime, at: performance.now() };
    if (!waitsForAnswer) send();
    nextPicture();
  };
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(onPicture);
  else requestAnimationFrame(() => onPicture(0, null));
}

function send() {
  if (!video.videoWidth) return;
  const { seconds, at: cameAt } = waiting;
  waiting = null;
  const factor = Math.min(1, LONGEST_SIDE / Math.max(video.videoWidth, video.videoHeight));
  sent.width = Math.round(video.videoWidth * factor);
  sent.height = Math.round(video.videoHeight * factor);
  sent.getContext("2d", { willReadFrequently: true }).drawImage(video, 0, 0, sent.width, sent.height);
  waitsForAnswer = true;
  takenAt = cameAt;
  const mine = socket;
  sent.toBlob(async (blob) => {
    const header = new DataView(new ArrayBuffer(HEADER_BYTES));
    number += 1;
    header.setUint32(0, number, true);
    header.setUint32(4, skipped, true);
    header.setFloat64(8, stream ? takenAt / 1000 : seconds, true);
    header.setFloat64(16, roundTripMs, true);
    const message = await new Blob([header.buffer, blob]).arrayBuffer();
    if (mine === socket && mine.readyState === WebSocket.OPEN) mine.send(message);
  }, "image/jpeg", JPEG_QUALITY);
}

function receive(answer) {
  if (answer.number !== number) return;
  drawPicture(answer);
  roundTripMs = performance.now() - takenAt;
  waitsForAnswer = false;
  showNumbers(answer);
  if (answer.num_answers !== numAnswers) {
    numAnswers = answer.num_answers;
    const [name, probability] = answer.top[0];
    past.push({ at: performance.now() / 1000, name, probability });
    showClasses(answer.top);
    drawTimeline();
  }
  if (waiting) send();
}

function drawPicture(answer) {
  const canvas = at("picture");
  if (canvas.width !== sent.width || canvas.height !== sent.height) {
    canvas.width = sent.width;
    canvas.height = sent.height;
  }
  const pen = canvas.getContext("2d");
  pen.save();
  if (at("mirror").checked) {
    pen.translate(canvas.width, 0);
    pen.scale(-1, 1);
  }
  pen.drawImage(sent, 0, 0);
  pen.lineWidth = Math.max(2, canvas.width / 220);
  pen.lineCap = "round";
  let numLines = 0;
  for (const [part, colour] of Object.entries(COLOURS)) {
    const points = answer[part];
    pen.strokeStyle = colour;
    pen.beginPath();
    for (const [from, to] of points.length ? greeting.lines[part] : []) {
      const [a, b] = [points[from], points[to]];
      if (a[2] < MIN_VISIBILITY || b[2] < MIN_VISIBILITY) continue;
      pen.moveTo(a[0] * canvas.width, a[1] * canvas.height);
      pen.lineTo(b[0] * canvas.width, b[1] * canvas.height);
      numLines += 1;
    }
    pen.stroke();
  }
  pen.restore();
  canvas.dataset.lines = numLines;
  let caption = numLines ? "Pose and hands as they are found in each picture." : "Nobody is seen.";
  if (!greeting.finds_keypoints) caption = "This model was trained without keypoints; none are looked for.";
  at("caption").textContent = caption;
}

function showNumbers(answer) {
  const shown = (value, digits, unit) => (value === null ? "–" : `${value.toFixed(digits)}${unit}`);
  at("fps").textContent = shown(answer.fps, 1, "");
  at("p50").textContent = shown(answer.p50_ms, 0, " ms");
  at("p95").textContent = shown(answer.p95_ms, 0, " ms");
  const all = answer.skipped + answer.number;
  at("skipped").textContent = `${answer.skipped} of ${all}`;
  at("basis").textContent =
    answer.num_answers === 0
      ? `Gathering the first of ${greeting.window_seconds} seconds.`
      : `Of the last ${answer.top_seconds} s.`;
}

function colourOf(name) {
  return CLASS_COLOURS[greeting.class_names.indexOf(name) % CLASS_COLOURS.length];
}

// A coloured box as SVG: attributes need no inline style, which the page's own rules forbid.
function box(colour, share) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  rect.setAttribute("width", `${100 * share}%`);
  rect.setAttribute("height", "100%");
  rect.setAttribute("fill", colour);
  svg.append(rect);
  svg.setAttribute("aria-hidden", "true");
  return svg;
}

function showClasses(top) {
  at("best").textContent = top[0][0];
  at("top").replaceChildren(
    ...top.map(([name, probability]) => {
      const row = document.createElement("li");
      const label = document.createElement("span");
      const value = document.createElement("span");
      label.textContent = name;
      value.textContent = probability.toFixed(2);
      row.append(label, value, box(colourOf(name), probability));
      return row;
    }),
  );
}

function drawTimeline() {
  const canvas = at("timeline");
  const now = performance.now() / 1000;
  past = past.filter((answer) => answer.at > now - TIMELINE_SECONDS);
  const sharpness = window.devicePixelRatio || 1;
  canvas.width = Math.round(canvas.clientWidth * sharpness);
  canvas.height = Math.round(canvas.clientHeight * sharpness);
  const pen = canvas.getContext("2d");
  const place = (seconds) => (1 - (now - seconds) / TIMELINE_SECONDS) * canvas.width;
  past.forEach((answer, index) => {
    const end = index + 1 < past.length ? past[index + 1].at : now;
    const height = answer.probability * canvas.height;
    pen.fillStyle = colourOf(answer.name);
    // Rounded outwards: neighbours leave no gap.
    const left = Math.floor(place(answer.at));
    pen.fillRect(left, canvas.height - height, Math.ceil(place(end)) - left, height);
  });
  const names = [...new Set(past.map((answer) => answer.name))].sort();
  if (at("legend").dataset.names === names.join("\n")) return;
  at("legend").dataset.names = names.join("\n");
  at("legend").replaceChildren(
    ...names.map((name) => {
      const entry = document.createElement("li");
      entry.append(box(colourOf(name), 1), name);
      return entry;
    }),
  );
}

at("camera").addEventListener("click", () => start(openCamera));
at("choose").addEventListener("click", () => at("file").click());
at("file").addEventListener("change", () => {
  const [file] = at("file").files;
  if (file) start(async () => openFile(file));
  at("file").value = "";
});
at("stop").addEventListener("click", () => {
  stop();
  say("");
});
