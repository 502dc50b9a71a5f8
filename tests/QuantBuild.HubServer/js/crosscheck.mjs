// Checks the test server with the Hub's official JavaScript client: what it uploads it must be able to download again.
// Usage: node crosscheck.mjs <address>   (a server that is running; the token is read from HF_TOKEN)
import { createHash, randomBytes } from "node:crypto";
import { commit, createBranch, createRepo, downloadFile, listFiles, uploadFiles, whoAmI } from "@huggingface/hub";

const token = process.env.HF_TOKEN;
const hubUrl = process.argv[2].replace(/\/$/, "");
const repo = { type: "model", name: "tester/crosscheck" };
const access = { accessToken: token, hubUrl };

const same = (name, actual, expected) => {
  if (actual !== expected) throw new Error(`${name}: ${actual} instead of ${expected}`);
  console.log(`ok  ${name}`);
};
const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");

same("whoami", (await whoAmI(access)).name, "tester");
await createRepo({ repo, private: true, ...access });
const files = new Map([["README.md", Buffer.from("# hello\n")], ["middle.bin", randomBytes(70_000)], ["a/large.bin", randomBytes(3 * 1024 * 1024 + 17)]]);
await uploadFiles({ repo, files: [...files].map(([path, bytes]) => ({ path, content: new Blob([bytes]) })), useXet: false, ...access });
for (const [path, bytes] of files) {
  const blob = await downloadFile({ repo, path, xet: false, ...access });
  same(`download of ${path}`, digest(Buffer.from(await blob.arrayBuffer())), digest(bytes));
}
await createBranch({ repo, branch: "other", ...access });
await commit({ repo, branch: "other", title: "delete", operations: [{ operation: "delete", path: "middle.bin" }], useXet: false, ...access });
const left = [];
for await (const file of listFiles({ repo, revision: "other", recursive: true, ...access })) left.push(file.path);
same("listing after a deletion", left.sort().join(), "README.md,a/large.bin");
