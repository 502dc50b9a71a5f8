// The Hub's official JavaScript client against a server that is running: uploads the files of a folder, or compares a repository with one.
// Usage: node transfer.mjs upload|compare <address> <owner/name> <folder> [<file> ...]   (the token is read from HF_TOKEN)
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { downloadFile, listFiles, uploadFiles } from "@huggingface/hub";

const [task, address, name, folder, ...paths] = process.argv.slice(2);
const access = { repo: { type: "model", name }, accessToken: process.env.HF_TOKEN, hubUrl: address.replace(/\/$/, "") };
const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");

if (task === "upload") {
  const files = await Promise.all(paths.map(async (path) => ({ path, content: new Blob([await readFile(join(folder, path))]) })));
  await uploadFiles({ ...access, files, useXet: false });
  console.log(`sent ${files.length}`);
} else {
  const listed = [];
  for await (const file of listFiles({ ...access, recursive: true })) listed.push(file.path);
  for (const path of paths) {
    const blob = await downloadFile({ ...access, path, xet: false });
    const [there, here] = [digest(Buffer.from(await blob.arrayBuffer())), digest(await readFile(join(folder, path)))];
    if (there !== here || !listed.includes(path)) throw new Error(`${path}: ${there} instead of ${here}`);
  }
  console.log(`equal ${paths.length}`);
}
