/** What commands that write folders share. */
package ai.spattention.train.files;
