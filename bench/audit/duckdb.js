// DuckDB alone on the file of records, as its documentation has it: node duckdb.js FILE SQL
const { DuckDBInstance } = require("@duckdb/node-api");

async function main([file, sql]) {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(`CREATE VIEW gate AS SELECT * FROM read_ndjson_auto('${file.replaceAll("'", "''")}')`);
  const result = await connection.runAndReadAll(sql);
  for (const row of result.getRowObjectsJson()) process.stdout.write(`${JSON.stringify(row)}\n`);
}

void main(process.argv.slice(2));
